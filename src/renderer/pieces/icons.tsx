/** The few signs that stand beside words. Drawn on a grid of 20, in the colour of the text. */
import type { ReactNode } from 'react';

function Icon({ children }: { children: ReactNode }) {
  return (
    <svg className="icon" viewBox="0 0 20 20" width="20" height="20" aria-hidden="true" focusable="false">
      {children}
    </svg>
  );
}

export const HomeIcon = () => (
  <Icon>
    <path d="M3 9.2 10 3.5l7 5.7M5 8v8.5h3.8v-4.7h2.4v4.7H15V8" />
  </Icon>
);
export const RestoreIcon = () => (
  <Icon>
    <path d="M3.6 10a6.4 6.4 0 1 0 2-4.6L3.4 7.4M3.4 3.8v3.6H7M10 6.4V10l2.6 1.8" />
  </Icon>
);
export const ActivityIcon = () => (
  <Icon>
    <path d="M2.5 10.5h3l2.6-6.2 3.8 11.4 2.6-5.2h3" />
  </Icon>
);
export const VaultIcon = () => (
  <Icon>
    <path d="M3 4.2h14v3.4H3zM4.2 7.6v8.2h11.6V7.6M8 10.6h4" />
  </Icon>
);
export const CostsIcon = () => (
  <Icon>
    <path d="M3 16.5h14M5 13.6v-3M9 13.6V7.2M13 13.6V9.4M16.4 13.6V4.4" />
  </Icon>
);
export const CheckIcon = () => (
  <Icon>
    <path d="m4.2 10.6 3.8 3.8 7.8-8.6" />
  </Icon>
);
export const AlertIcon = () => (
  <Icon>
    <path d="M10 3.2 17.6 16.4H2.4zM10 8.2v3.8M10 14.1v.2" />
  </Icon>
);
export const CloseIcon = () => (
  <Icon>
    <path d="m5.2 5.2 9.6 9.6M14.8 5.2l-9.6 9.6" />
  </Icon>
);
export const MoreIcon = () => (
  <Icon>
    <path className="icon-dots" d="M4.6 10h.01M10 10h.01M15.4 10h.01" />
  </Icon>
);
export const FolderIcon = () => (
  <Icon>
    <path d="M2.8 5h5l1.6 2h7.8v8.6H2.8z" />
  </Icon>
);
export const FileIcon = () => (
  <Icon>
    <path d="M5 2.8h6.2L15 6.6v10.6H5zM11 2.8v4h4" />
  </Icon>
);
export const LinkIcon = () => (
  <Icon>
    <path d="M8.4 11.6a3 3 0 0 0 4.3 0l2.8-2.8a3 3 0 0 0-4.3-4.3L9.8 5.9M11.6 8.4a3 3 0 0 0-4.3 0l-2.8 2.8a3 3 0 0 0 4.3 4.3l1.4-1.4" />
  </Icon>
);
export const ArrowIcon = () => (
  <Icon>
    <path d="m8 5 5 5-5 5" />
  </Icon>
);
