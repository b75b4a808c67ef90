/** Line charts on uPlot, in the page's colours, as wide as their place, with a text for those who do not see them. */
import uPlot from 'uplot';

export interface ChartLine {
  readonly values: readonly (number | null)[];
  /** Any CSS colour, custom properties included. */
  readonly color: string;
  readonly width?: number;
  readonly dash?: readonly number[];
}

export interface ChartContent {
  readonly xs: readonly number[];
  readonly lines: readonly ChartLine[];
  /** Many thin lines behind the others, over the same xs. */
  readonly threads?: readonly ChartLine[];
  /** Fills between two of the lines, by position: upper and lower. */
  readonly fill?: { readonly upper: number; readonly lower: number; readonly color: string };
  /** An x that is marked by an upright line. */
  readonly marker?: number;
  readonly isLog: boolean;
  readonly xWords: (x: number) => string;
  readonly yWords: (y: number) => string;
  /** From least to most; what the data needs if absent. */
  readonly yRange?: readonly [number, number];
  /** The chart in words. */
  readonly label: string;
}

const HEIGHT_MIN_PX = 160;

export class Chart {
  readonly #host: HTMLElement;
  readonly #probe = document.createElement('span');
  #plot: uPlot | undefined;
  #content: ChartContent | undefined;
  #shape = '';

  constructor(host: HTMLElement) {
    this.#host = host;
    host.setAttribute('role', 'img');
    this.#probe.hidden = true;
    host.append(this.#probe);
    new ResizeObserver(() => this.#resize()).observe(host);
  }

  show(content: ChartContent): void {
    this.#content = content;
    this.#host.setAttribute('aria-label', content.label);
    const shape = JSON.stringify([
      content.isLog,
      content.yRange,
      content.fill,
      content.lines.map(({ color, width, dash }) => [color, width, dash]),
    ]);
    if (this.#plot !== undefined && shape === this.#shape) {
      this.#plot.setData(dataOf(content));
    } else {
      this.#shape = shape;
      this.refresh();
    }
  }

  /** Moves the marker. */
  mark(x: number): void {
    if (this.#content === undefined) return;
    this.#content = { ...this.#content, marker: x };
    this.#plot?.redraw(false);
  }

  /** Draws everything anew: the colours have become others. */
  refresh(): void {
    this.#plot?.destroy();
    this.#plot = undefined;
    const content = this.#content;
    if (content === undefined) return;
    this.#plot = new uPlot(this.#options(content), dataOf(content), this.#host);
  }

  #options(content: ChartContent): uPlot.Options {
    const axis = {
      stroke: this.#color('var(--muted)'),
      font: `12px ${getComputedStyle(this.#host).fontFamily}`,
      grid: { stroke: this.#color('var(--line)'), width: 1 },
      ticks: { show: false },
    };
    return {
      ...this.#size(),
      legend: { show: false },
      cursor: { show: false },
      padding: [8, 12, 0, 0],
      scales: {
        x: {
          time: false,
          distr: content.isLog ? 3 : 1,
          log: 10,
          range: () => [this.#content!.xs[0]!, this.#content!.xs.at(-1)!],
        },
        y: content.yRange === undefined ? {} : { range: [...content.yRange] },
      },
      axes: [
        { ...axis, values: (_, splits) => splits.map((x) => this.#xWords(x)), size: 30 },
        { ...axis, values: (_, splits) => splits.map((y) => this.#content!.yWords(y)), size: 62 },
      ],
      series: [
        {},
        ...content.lines.map(({ color, width = 2, dash }) => ({
          stroke: this.#color(color),
          width,
          ...(dash !== undefined && { dash: [...dash] }),
          points: { show: false },
        })),
      ],
      ...(content.fill !== undefined && {
        bands: [
          {
            series: [content.fill.upper + 1, content.fill.lower + 1] as [number, number],
            fill: this.#color(content.fill.color),
          },
        ],
      }),
      hooks: {
        drawAxes: [(plot) => this.#drawThreads(plot)],
        draw: [(plot) => this.#drawMarker(plot)],
      },
    };
  }

  /** On a log scale only powers of ten have room for words. */
  #xWords(x: number | null): string {
    const { isLog, xWords } = this.#content!;
    if (x === null || (isLog && !Number.isInteger(Math.log10(x)))) return '';
    return xWords(x);
  }

  #drawThreads(plot: uPlot): void {
    const { threads = [], xs } = this.#content!;
    if (threads.length === 0) return;
    const { ctx } = plot;
    const { left, top, width, height } = plot.bbox;
    ctx.save();
    ctx.beginPath();
    ctx.rect(left, top, width, height);
    ctx.clip();
    ctx.setLineDash([]);
    for (const thread of threads) {
      ctx.beginPath();
      thread.values.forEach((value, i) => {
        if (value === null) return;
        ctx.lineTo(plot.valToPos(xs[i]!, 'x', true), plot.valToPos(value, 'y', true));
      });
      ctx.strokeStyle = this.#color(thread.color);
      ctx.lineWidth = (thread.width ?? 1) * devicePixelRatio;
      ctx.stroke();
    }
    ctx.restore();
  }

  #drawMarker(plot: uPlot): void {
    const { marker } = this.#content!;
    if (marker === undefined) return;
    const { ctx } = plot;
    const { top, height } = plot.bbox;
    const x = Math.round(plot.valToPos(marker, 'x', true));
    ctx.save();
    ctx.beginPath();
    ctx.moveTo(x, top);
    ctx.lineTo(x, top + height);
    ctx.setLineDash([]);
    ctx.strokeStyle = this.#color('var(--ink)');
    ctx.lineWidth = 1.5 * devicePixelRatio;
    ctx.stroke();
    ctx.restore();
  }

  /** A canvas knows no custom properties, so an element resolves them. */
  #color(color: string): string {
    this.#probe.style.color = color;
    return getComputedStyle(this.#probe).color;
  }

  #size(): { width: number; height: number } {
    return {
      width: this.#host.clientWidth,
      height: Math.max(this.#host.clientHeight, HEIGHT_MIN_PX),
    };
  }

  #resize(): void {
    if (this.#plot !== undefined && this.#host.clientWidth > 0) this.#plot.setSize(this.#size());
  }
}

function dataOf({ xs, lines }: ChartContent): uPlot.AlignedData {
  return [[...xs], ...lines.map(({ values }) => [...values])];
}
