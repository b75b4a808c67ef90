// Runs native benchmarks for its parent, which is measured itself: a process that
// starts another is slow for a while, as each page that it writes to then must be
// made its own again.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

process.on('message', async ({ program, filter, seconds }) => {
  const { stdout } = await promisify(execFile)(program, [
    `--benchmark_filter=${filter}`,
    `--benchmark_min_time=${seconds}`,
    '--benchmark_format=json',
  ]);
  process.send(JSON.parse(stdout).benchmarks[0].items_per_second);
});
