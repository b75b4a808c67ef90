// Begins every test program in WebAssembly: Emscripten 3.1.6 takes a Node that has
// fetch() for a browser, and asks it for the program's files.
delete globalThis.fetch;
