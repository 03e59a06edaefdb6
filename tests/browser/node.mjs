// Runs a Python program in Pyodide, which sees FOLDER as /given: node node.mjs DISTRIBUTION WHEEL PROGRAM [FOLDER]
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [distribution, wheel, program, folder] = process.argv.slice(2);
const { loadPyodide } = await import(pathToFileURL(`${distribution}/pyodide.mjs`));
const pyodide = await loadPyodide({ indexURL: distribution });
await pyodide.loadPackage("numpy", { messageCallback: () => {} });
pyodide.unpackArchive(new Uint8Array(readFileSync(wheel)), "wheel");
if (folder) {
  pyodide.FS.mkdir("/given");
  pyodide.FS.mount(pyodide.FS.filesystems.NODEFS, { root: folder }, "/given");
}
pyodide.runPython("import os, sys; sys.path.insert(0, os.getcwd())"); // a program may change its folder
try {
  pyodide.runPython(readFileSync(program, "utf8"));
} catch (error) {
  console.error(error.message);
  process.exit(1);
}
