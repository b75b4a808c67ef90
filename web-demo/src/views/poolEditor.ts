/** The editor of the pool: rows that stay the same elements while they are typed into. */
import type { EditorState } from '../state/editorState.js';
import { ITEMS_MAX, type ItemDraft, type ItemField } from '../state/poolConfig.js';
import { PRESETS } from '../state/presets.js';
import { byId, make, mark, setAttributes } from './dom.js';

const FIELDS: readonly ItemField[] = ['itemId', 'weight', 'quantity'];

interface Row {
  readonly element: HTMLElement;
  readonly inputs: Record<ItemField, HTMLInputElement>;
  readonly unlimited: HTMLInputElement;
  readonly remove: HTMLButtonElement;
  readonly problem: HTMLElement;
  readonly odds: HTMLElement;
}

export class PoolEditor {
  readonly #state: EditorState;
  readonly #rows = new Map<number, Row>();
  readonly #list = byId('items');
  readonly #seed = byId<HTMLInputElement>('seed');
  readonly #preset = byId<HTMLSelectElement>('preset');
  readonly #add = byId<HTMLButtonElement>('add-item');

  constructor(state: EditorState) {
    this.#state = state;
    this.#preset.append(
      make('option', { value: '' }, 'a pool of your own'),
      ...PRESETS.map(({ id, title }) => make('option', { value: id }, title)),
    );
    this.#preset.addEventListener('change', () => {
      const preset = PRESETS.find(({ id }) => id === this.#preset.value);
      if (preset !== undefined) state.usePreset(preset);
    });
    this.#add.addEventListener('click', () => {
      const { row } = state.add();
      this.#rows.get(row)?.inputs.itemId.select();
    });
    this.#seed.addEventListener('input', () => state.setSeed(this.#seed.value));
    byId('new-seed').addEventListener('click', () => {
      state.setSeed(String(crypto.getRandomValues(new Uint32Array(1))[0]!));
    });
    state.view.watch(() => this.#render());
  }

  /** Shows the exact odds of the first draw beneath each item. */
  showOdds(texts: readonly string[]): void {
    this.#state.view.value.draft.items.forEach(({ row }, i) => {
      const text = texts[i];
      const words = text === undefined ? [] : [mark('exact'), ` ${text}`];
      this.#rows.get(row)!.odds.replaceChildren(...words);
    });
  }

  #render(): void {
    const { draft, problems } = this.#state.view.value;
    for (const [row, { element }] of this.#rows) {
      if (draft.items.some((item) => item.row === row)) continue;
      element.remove();
      this.#rows.delete(row);
    }
    draft.items.forEach((item) => {
      let row = this.#rows.get(item.row);
      if (row === undefined) {
        row = this.#makeRow(item.row);
        this.#rows.set(item.row, row);
        this.#list.append(row.element);
      }
      this.#renderRow(row, item, problems.fields.get(item.row) ?? {});
    });
    setText(this.#seed, draft.seed);
    showProblem(byId('seed-problem'), problems.seed, this.#seed);
    showProblem(byId('pool-problem'), problems.pool);
    this.#add.disabled = this.#state.isFull;
    this.#add.textContent = this.#state.isFull ? `${ITEMS_MAX} items are the most` : 'Add an item';
    const preset = PRESETS.find(({ items }) => isPreset(items, draft.items));
    this.#preset.value = preset?.id ?? '';
    byId('preset-point').textContent = preset?.point ?? '';
  }

  #renderRow(row: Row, item: ItemDraft, problems: Partial<Record<ItemField, string>>): void {
    const name = item.itemId === '' ? 'the item without a name' : item.itemId;
    setText(row.inputs.itemId, item.itemId);
    setText(row.inputs.weight, item.weight);
    setText(row.inputs.quantity, item.quantity);
    row.unlimited.checked = item.unlimited;
    row.inputs.quantity.disabled = item.unlimited;
    row.inputs.quantity.placeholder = item.unlimited ? 'no end' : '';
    setAttributes(row.inputs.weight, { 'aria-label': `Weight of ${name}` });
    setAttributes(row.inputs.quantity, { 'aria-label': `Stock of ${name}` });
    setAttributes(row.unlimited, { 'aria-label': `Unlimited stock of ${name}` });
    setAttributes(row.remove, { 'aria-label': `Remove ${name}` });
    for (const field of FIELDS) {
      setAttributes(row.inputs[field], { 'aria-invalid': problems[field] === undefined ? undefined : 'true' });
    }
    row.problem.textContent = Object.values(problems).join(' ');
    row.problem.hidden = Object.keys(problems).length === 0;
    row.odds.hidden = !row.problem.hidden;
  }

  #makeRow(row: number): Row {
    const problemId = `item-problem-${row}`;
    const field = (key: ItemField, attributes: Record<string, string>): HTMLInputElement => {
      const input = make('input', {
        autocomplete: 'off',
        spellcheck: 'false',
        'aria-describedby': problemId,
        'data-field': key,
        ...attributes,
      });
      input.addEventListener('input', () => this.#state.change(row, { [key]: input.value }));
      return input;
    };
    const inputs = {
      itemId: field('itemId', { class: 'item-name', 'aria-label': 'Name of the item' }),
      weight: field('weight', { inputmode: 'numeric' }),
      quantity: field('quantity', { inputmode: 'numeric' }),
    };
    const unlimited = make('input', { type: 'checkbox' });
    unlimited.addEventListener('change', () => {
      const { quantity } = this.#state.view.value.draft.items.find((item) => item.row === row)!;
      this.#state.change(row, {
        unlimited: unlimited.checked,
        // Something to begin with, in place of a complaint.
        quantity: quantity === '' ? '100' : quantity,
      });
    });
    const remove = make('button', { type: 'button', class: 'remove quiet' }, '×');
    remove.addEventListener('click', () => {
      this.#state.remove(row);
      this.#add.focus();
    });
    const problem = make('p', { class: 'problem', id: problemId, role: 'alert' });
    const odds = make('p', { class: 'item-odds' });
    const element = make(
      'div',
      { class: 'item-row', role: 'group', 'aria-label': 'Item' },
      inputs.itemId,
      remove,
      make(
        'div',
        { class: 'item-numbers' },
        make('label', {}, 'Weight', inputs.weight),
        make('label', {}, 'Stock', inputs.quantity),
        make('label', { class: 'check' }, unlimited, 'unlimited'),
      ),
      problem,
      odds,
    );
    return { element, inputs, unlimited, remove, problem, odds };
  }
}

/** Leaves the caret where it is if nothing is new. */
function setText(input: HTMLInputElement, text: string): void {
  if (input.value !== text) input.value = text;
}

function showProblem(element: HTMLElement, problem: string | undefined, input?: HTMLElement): void {
  element.textContent = problem ?? '';
  element.hidden = problem === undefined;
  if (input === undefined) return;
  setAttributes(input, {
    'aria-invalid': problem === undefined ? undefined : 'true',
    'aria-describedby': problem === undefined ? undefined : element.id,
  });
}

function isPreset(
  preset: (typeof PRESETS)[number]['items'],
  items: readonly ItemDraft[],
): boolean {
  return (
    preset.length === items.length &&
    preset.every(({ itemId, weight, quantity }, i) => {
      const item = items[i]!;
      const units = item.unlimited ? 'unlimited' : item.quantity;
      return item.itemId === itemId && item.weight === String(weight) && units === String(quantity);
    })
  );
}
