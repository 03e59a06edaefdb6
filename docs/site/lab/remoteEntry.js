// An extension of the lab, in the form that JupyterLab's own build gives one: a container with one module.
// JupyterLite takes ?path= out of the address once the notebook is open, and keeps no layout. So the address
// and the tab's title say which notebook is in front: a reload opens it again, and a bookmark leads to it.
(() => {
  // On a phone the menu leaves half a word's room to "Not Trusted", which is about scripts in kept outputs.
  const narrow = "@media (max-width: 40rem) { .jp-NotebookTrustedStatus { display: none; } }";
  const plugin = {
    id: "minigrad-lab:told",
    autoStart: true,
    activate: ({ shell }) => {
      document.head.append(Object.assign(document.createElement("style"), { textContent: narrow }));
      const tell = () => {
        const context = shell.currentWidget?.context;
        if (!context?.path) return; // the list of files, a console: nothing that a reload would open
        context.pathChanged.connect(tell); // it is given another name; to connect again does nothing
        document.title = `${context.path.split("/").pop().replace(/\.ipynb$/, "")} - minigrad`;
        const address = new URL(location);
        address.searchParams.set("path", context.path);
        history.replaceState(history.state, "", address);
      };
      shell.currentChanged.connect(tell);
    },
  };
  window._JUPYTERLAB = window._JUPYTERLAB || {};
  window._JUPYTERLAB["minigrad-lab"] = {
    init: () => {},
    get: async () => () => ({ default: plugin, __esModule: true }),
  };
})();
