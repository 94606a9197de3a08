import SplitPanel from '@cloudscape-design/components/split-panel';
import type { ReactNode } from 'react';
import { createContext, useContext, useEffect, useMemo, useState } from 'react';
import { createPortal } from 'react-dom';

interface Panel {
  readonly title: string;
  /** It must stay the same function while the panel is open. */
  readonly onClose: () => void;
}

interface PanelPlace {
  readonly panel: Panel | undefined;
  readonly setPanel: (panel: Panel | undefined) => void;
  /** The element inside the open panel. */
  readonly element: Element | null;
  readonly setElement: (element: Element | null) => void;
}

const PanelContext = createContext<PanelPlace | undefined>(undefined);

function usePanelPlace(): PanelPlace {
  const place = useContext(PanelContext);
  if (place === undefined) throw new Error('A side panel needs a SidePanelProvider.');
  return place;
}

export function SidePanelProvider({ children }: { readonly children: ReactNode }) {
  const [panel, setPanel] = useState<Panel>();
  const [element, setElement] = useState<Element | null>(null);
  const place = useMemo(() => ({ panel, setPanel, element, setElement }), [panel, element]);
  return <PanelContext value={place}>{children}</PanelContext>;
}

/** The members of AppLayout that show the panel of the current page. */
export function useSidePanel() {
  const { panel, setElement } = usePanelPlace();
  return {
    splitPanel: panel && (
      <SplitPanel header={panel.title} closeBehavior="hide" hidePreferencesButton>
        <div ref={setElement} />
      </SplitPanel>
    ),
    splitPanelOpen: panel !== undefined,
    splitPanelPreferences: { position: 'side' as const },
    onSplitPanelToggle: ({ detail }: { readonly detail: { readonly open: boolean } }) => {
      if (!detail.open) panel?.onClose();
    },
  };
}

/** Shows its children beside the page, or below it in a narrow window, until the person closes it. */
export function SidePanel({ title, onClose, children }: Panel & { readonly children: ReactNode }) {
  const { setPanel, element } = usePanelPlace();
  useEffect(() => {
    setPanel({ title, onClose });
    return () => setPanel(undefined);
  }, [title, onClose, setPanel]);
  return element === null ? null : createPortal(children, element);
}
