import Flashbar from '@cloudscape-design/components/flashbar';
import type { ReactNode } from 'react';
import { createContext, useCallback, useContext, useMemo, useState } from 'react';

interface Notice {
  readonly id: number;
  readonly type: 'success' | 'error' | 'info';
  readonly text: string;
}

interface Notices {
  readonly shown: readonly Notice[];
  /** Says at the top of every page what was done, until the person dismisses it. */
  readonly say: (text: string, type?: Notice['type']) => void;
  readonly dismiss: (id: number) => void;
}

const NoticesContext = createContext<Notices | undefined>(undefined);

function useNotices(): Notices {
  const notices = useContext(NoticesContext);
  if (notices === undefined) throw new Error('useSay needs a NoticesProvider.');
  return notices;
}

export function useSay(): Notices['say'] {
  return useNotices().say;
}

/** Older notices make room. */
const maxNotices = 3;

export function NoticesProvider({ children }: { readonly children: ReactNode }) {
  const [shown, setShown] = useState<readonly Notice[]>([]);
  const say = useCallback<Notices['say']>((text, type = 'success') => {
    setShown((before) => {
      const id = (before[0]?.id ?? 0) + 1;
      return [{ id, type, text }, ...before].slice(0, maxNotices);
    });
  }, []);
  const dismiss = useCallback((id: number) => setShown((before) => before.filter((each) => each.id !== id)), []);
  const notices = useMemo(() => ({ shown, say, dismiss }), [shown, say, dismiss]);
  return <NoticesContext value={notices}>{children}</NoticesContext>;
}

export function NoticeBar() {
  const { shown, dismiss } = useNotices();
  return (
    <Flashbar
      items={shown.map(({ id, type, text }) => ({
        id: String(id),
        type,
        content: text,
        dismissible: true,
        dismissLabel: 'Dismiss',
        onDismiss: () => dismiss(id),
      }))}
    />
  );
}
