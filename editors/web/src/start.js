// Starts the worker before the page's own script is read.
window.checker = new Worker(new URL("worker.js", document.baseURI));
