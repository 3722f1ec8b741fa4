/** A path on one line that gives up its middle when there is no room: its beginning and its last name say most. */
export function Elided({ text }: { text: string }) {
  const cut = Math.max(text.length - 24, text.lastIndexOf('/'), text.lastIndexOf('\\'));
  const at = cut <= 0 || text.length - cut > 48 ? Math.max(0, text.length - 24) : cut;
  return (
    <span className="elided" title={text}>
      <span className="elided-start">{text.slice(0, at)}</span>
      <span className="elided-end">{text.slice(at)}</span>
    </span>
  );
}
