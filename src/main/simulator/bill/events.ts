/**
 * What costs money, as the services tell it to the meter.
 *
 * A service tells what happened, never what it costs: prices, overheads and minimum durations are the bill's own
 * business. It tells an event once the request has had its effect and before it answers, so that whatever a client
 * was told is on the bill; a refused request costs nothing. Deleting, describing and aborting are free, so nothing
 * is told of them but what they end.
 */

/** S3's storage classes as it writes them, and the vaults' only one. */
export type StorageClass =
  | 'VAULT'
  | 'STANDARD'
  | 'STANDARD_IA'
  | 'ONEZONE_IA'
  | 'INTELLIGENT_TIERING'
  | 'GLACIER_IR'
  | 'GLACIER'
  | 'DEEP_ARCHIVE';

export type RetrievalTier = 'Expedited' | 'Standard' | 'Bulk';

interface Happened {
  /** Virtual epoch ms. */
  readonly at: number;
  readonly class: StorageClass;
  /** Name of the vault or bucket; empty for what belongs to none. */
  readonly place: string;
}

interface Asked extends Happened {
  /** As in the service's reference, such as `UploadMultipartPart`. */
  readonly operation: string;
}

export type BillEvent =
  /**
   * Requests that are charged by the thousand: what stores (PUT, COPY, POST; of vaults all uploads), lists, or reads
   * (GET, HEAD). Parts of a multipart upload to an archive class are STANDARD writes, only its end is one of the class.
   */
  | ({ readonly kind: 'request'; readonly request: 'write' | 'list' | 'read' } & Asked)
  /** A request to bring `bytes` of an archived thing back: the request and the bytes are charged. */
  | ({
      readonly kind: 'retrieval';
      readonly tier: RetrievalTier;
      readonly bytes: number;
      readonly id: string;
    } & Asked)
  /** Data in an answer. Classes that can be read at once, but at a price by the byte, charge that too. */
  | ({ readonly kind: 'sent'; readonly bytes: number } & Asked)
  /**
   * An archive or object is there from now on. `id` names it within its place for as long as it is there (S3: with the
   * version). Another object under the same id replaces it, which is the end of the first; the same again is nothing.
   */
  | ({ readonly kind: 'stored'; readonly bytes: number; readonly id: string } & Happened)
  /** It is deleted, and so are its temporary copies; unknown ids are ignored. */
  | ({ readonly kind: 'removed'; readonly id: string } & Happened)
  /** A part of the open multipart upload `id` came in, or came in anew. */
  | ({
      readonly kind: 'staged';
      readonly part: number;
      readonly bytes: number;
      readonly id: string;
    } & Happened)
  /** The upload was completed, aborted or dropped. */
  | ({ readonly kind: 'unstaged'; readonly id: string } & Happened)
  /**
   * A temporary copy of the object exists in S3 from `from`, which may be ahead, up to `until`. Told again with other
   * times (restored faster or kept for longer) it replaces what is still to come of the copy before it.
   */
  | ({
      readonly kind: 'thawed';
      readonly from: number;
      readonly until: number;
      readonly bytes: number;
      readonly id: string;
    } & Happened)
  /** A unit of provisioned capacity was bought for a month. */
  | ({ readonly kind: 'capacity'; readonly id: string } & Happened);

export interface Meter {
  /** Resolves once the event would survive a kill. Telling the same storage event twice is telling it once. */
  add(event: BillEvent): Promise<void>;
}
