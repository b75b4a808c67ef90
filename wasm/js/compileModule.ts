/** WebAssembly modules of a browser, by their addresses. */
const compiledModules = new Map<string, Promise<WebAssembly.Module>>();

/** Fetched and compiled once in each thread, but for failures. */
export function compileModule(url: string): Promise<WebAssembly.Module> {
  let compiled = compiledModules.get(url);
  if (compiled === undefined) {
    compiled = fetchModule(url).catch((error: Error) => {
      throw new Error(`${url}: ${error.message}`, { cause: error });
    });
    compiledModules.set(url, compiled);
    compiled.catch(() => compiledModules.delete(url));
  }
  return compiled;
}

async function fetchModule(url: string): Promise<WebAssembly.Module> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${response.status} ${response.statusText}`);
  // Servers that do not know the type of .wasm are common.
  if (response.headers.get('Content-Type')?.startsWith('application/wasm') === true) {
    return WebAssembly.compileStreaming(response);
  }
  return WebAssembly.compile(await response.arrayBuffer());
}
