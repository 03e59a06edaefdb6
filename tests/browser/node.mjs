// Runs a Python program in Pyodide: node node.mjs DISTRIBUTION WHEEL PROGRAM
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [distribution, wheel, program] = process.argv.slice(2);
const { loadPyodide } = await import(pathToFileURL(`${distribution}/pyodide.mjs`));
const pyodide = await loadPyodide({ indexURL: distribution });
await pyodide.loadPackage("numpy", { messageCallback: () => {} });
pyodide.unpackArchive(new Uint8Array(readFileSync(wheel)), "wheel");
try {
  pyodide.runPython(readFileSync(program, "utf8"));
} catch (error) {
  console.error(error.message);
  process.exit(1);
}
