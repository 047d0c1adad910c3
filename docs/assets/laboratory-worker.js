/* Trains in the laboratory's own thread: Pyodide, NumPy, and the program laboratory.py.

   Takes {start: {pyodide, python, distribution}, settings, running}, then {settings}, {running}, {step: true}
   and {restart: true}; tells {words} while it loads, {frame} after every epoch, and {error}. */

let laboratory; // the Python object, once it is there
let settings; // the latest, as a query
let running = false;
let stepping = false; // to the end of an epoch
let turning = false; // a turn is on its way

/** Pyodide, NumPy and the program. NumPy's wheel is held against the checksum in pyodide-lock.json. */
async function load({ pyodide, python, distribution }) {
  postMessage({ words: "Python and NumPy are being fetched …" });
  const files = fetch(python).then((answer) => {
    if (!answer.ok) throw new Error(`${answer.status} for ${python}`);
    return answer.arrayBuffer();
  });
  files.catch(() => {}); // it is told below, when its turn comes
  const { loadPyodide, version } = await import(`${pyodide}pyodide.mjs`);
  const packageBaseUrl = distribution ? distribution.replace("VERSION", version) : pyodide;
  const engine = await loadPyodide({ indexURL: pyodide, packageBaseUrl, packages: ["numpy"] });
  if (!engine.loadedPackages.numpy) throw new Error(`NumPy could not be had from ${packageBaseUrl}`);
  postMessage({ words: "The network is being built …" });
  engine.unpackArchive(await files, "zip", { extractDir: "/book" });
  return engine.runPython("import sys; sys.path.insert(0, '/book'); from laboratory import Laboratory; Laboratory");
}

const show = () => postMessage({ frame: JSON.parse(laboratory.frame()) });

/** Do something, and say what went wrong. */
async function guarded(action) {
  try {
    await action();
  } catch (error) {
    running = stepping = false;
    postMessage({ error: error.message });
  }
}

// A turn is one batch. Between two of them messages are received: a change acts at the next batch.
const turns = new MessageChannel();
turns.port1.onmessage = () =>
  guarded(() => {
    turning = false;
    if (!running && !stepping) return;
    if (laboratory.step()) {
      stepping = false;
      show();
    }
    goOn();
  });

function goOn() {
  if (turning || !(running || stepping)) return;
  turning = true;
  turns.port2.postMessage(null);
}

const orders = {
  async start(files) {
    const Laboratory = await load(files);
    laboratory = Laboratory(settings); // what has been chosen meanwhile
    show();
  },
  settings(query) {
    settings = query;
    laboratory?.change(query);
    if (laboratory && !running) show();
  },
  running(wanted) {
    running = wanted;
  },
  step() {
    stepping = true;
  },
  restart() {
    laboratory.restart();
    show();
  },
};

onmessage = ({ data }) =>
  guarded(async () => {
    for (const order of ["settings", "running", "step", "restart", "start"]) {
      if (order in data) await orders[order](data[order]);
    }
    if (laboratory) goOn();
  });
