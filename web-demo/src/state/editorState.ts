import {
  checkDraft,
  draftOf,
  ITEMS_MAX,
  newRow,
  type ItemDraft,
  type PoolConfig,
  type PoolDraft,
  type Problems,
} from './poolConfig.js';
import type { Preset } from './presets.js';
import { Signal } from './signal.js';

export interface EditorView {
  readonly draft: PoolDraft;
  readonly problems: Problems;
  /** Undefined while something is wrong. */
  readonly config: PoolConfig | undefined;
}

function viewOf(draft: PoolDraft): EditorView {
  const { config, problems } = checkDraft(draft);
  return { draft, problems, config };
}

/** What is in the editor, and what is wrong with it. */
export class EditorState {
  readonly view: Signal<EditorView>;

  constructor(config: PoolConfig) {
    this.view = new Signal(viewOf(draftOf(config)));
  }

  get isFull(): boolean {
    return this.view.value.draft.items.length >= ITEMS_MAX;
  }

  replace(config: PoolConfig): void {
    this.#set(draftOf(config));
  }

  usePreset(preset: Preset): void {
    const { seed } = this.view.value.draft;
    this.#set({ ...draftOf({ items: preset.items, seed: 0n }), seed });
  }

  setSeed(seed: string): void {
    this.#set({ ...this.view.value.draft, seed });
  }

  change(row: number, change: Partial<Omit<ItemDraft, 'row'>>): void {
    const { draft } = this.view.value;
    const items = draft.items.map((item) => (item.row === row ? { ...item, ...change } : item));
    this.#set({ ...draft, items });
  }

  /** Adds an item under a name that is free. */
  add(): ItemDraft {
    const { draft } = this.view.value;
    const names = new Set(draft.items.map(({ itemId }) => itemId));
    let number = draft.items.length + 1;
    while (names.has(`item ${number}`)) ++number;
    const item = newRow({ itemId: `item ${number}`, weight: '1', quantity: '10', unlimited: false });
    this.#set({ ...draft, items: [...draft.items, item] });
    return item;
  }

  remove(row: number): void {
    const { draft } = this.view.value;
    this.#set({ ...draft, items: draft.items.filter((item) => item.row !== row) });
  }

  #set(draft: PoolDraft): void {
    this.view.value = viewOf(draft);
  }
}
