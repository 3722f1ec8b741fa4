/** Details open to the right, over the page; what cannot be undone asks in the middle. */
import type { ReactNode } from 'react';
import { Dialog, Heading, Modal, ModalOverlay } from 'react-aria-components';
import type { Failure } from '../../shared/failure.ts';
import { Button } from './controls.tsx';
import { CloseIcon } from './icons.tsx';
import { Trouble } from './Trouble.tsx';

export function Sheet({
  title,
  onClose,
  isWide = false,
  children,
}: {
  title: string;
  onClose: () => void;
  isWide?: boolean;
  children: ReactNode;
}) {
  return (
    <ModalOverlay
      isOpen
      isDismissable
      className="sheet-ground"
      onOpenChange={(isOpen) => {
        if (!isOpen) onClose();
      }}
    >
      <Modal className={isWide ? 'sheet wide' : 'sheet'}>
        <Dialog className="sheet-dialog">
          <header className="sheet-head">
            <Heading slot="title">{title}</Heading>
            <Button kind="quiet" aria-label="Close" onPress={onClose}>
              <CloseIcon />
            </Button>
          </header>
          <div className="sheet-body">{children}</div>
        </Dialog>
      </Modal>
    </ModalOverlay>
  );
}

export function Confirm({
  title,
  children,
  act,
  isActing,
  failure,
  onConfirm,
  onClose,
}: {
  title: string;
  children: ReactNode;
  /** The word on the button: what it does, never "OK". */
  act: string;
  isActing: boolean;
  failure: Failure | undefined;
  onConfirm: () => void;
  onClose: () => void;
}) {
  return (
    <ModalOverlay
      isOpen
      className="confirm-ground"
      onOpenChange={(isOpen) => {
        if (!isOpen) onClose();
      }}
    >
      <Modal className="confirm">
        <Dialog role="alertdialog" className="confirm-dialog">
          <Heading slot="title">{title}</Heading>
          {children}
          {failure !== undefined && <Trouble failure={failure} />}
          <div className="actions end">
            <Button autoFocus onPress={onClose}>
              Keep it
            </Button>
            <Button kind="danger" isDisabled={isActing} onPress={onConfirm}>
              {act}
            </Button>
          </div>
        </Dialog>
      </Modal>
    </ModalOverlay>
  );
}
