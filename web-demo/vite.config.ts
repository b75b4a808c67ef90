import { defineConfig } from 'vite';

export default defineConfig({
  // Relative addresses: the built folder works under any path of any host.
  base: './',
  build: { outDir: '../build/web-demo', emptyOutDir: true, target: 'es2022' },
  worker: { format: 'es' },
  optimizeDeps: { exclude: ['rewardpool'] },
});
