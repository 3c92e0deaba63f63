// What an upload of 4 KiB costs: by the Rust interface, by this package, by fetch and by undici. `bench.js SERVER [ROUNDS]`,
// where SERVER is the program `quintet-steady`; ./run.sh builds what it wants. Linux only: it reads /proc.
'use strict';

const { spawn, spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const TICKS = 100; // A second of /proc/self/stat, on every Linux.
const [FEW, MANY] = [5_000, 25_000];

const [steady, rounds = '5'] = process.argv.slice(2);
const clients = {
  'the Rust interface': (times, port, file) => [steady, ['window', times, port, file]],
  ...Object.fromEntries(['package', 'package-heard', 'fetch', 'undici'].map((which) => [
    which, (times, port, file) => [process.execPath, [path.join(__dirname, 'client.js'), which, times, port, file]],
  ])),
};

// CPU of the children that have ended, and the time, in microseconds.
function now() {
  const fields = fs.readFileSync('/proc/self/stat', 'utf8').split(') ')[1].split(' ');
  return { cpu: ((Number(fields[13]) + Number(fields[14])) / TICKS) * 1e6, wall: Number(process.hrtime.bigint() / 1000n) };
}

function run([program, args]) {
  const before = now();
  const { status, stderr } = spawnSync(program, args.map(String), { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${stderr}`);
  const after = now();
  return { cpu: after.cpu - before.cpu, wall: after.wall - before.wall };
}

// The start of the process, and all that happens once, is in both runs.
function each(client, port, file) {
  const few = run(client(FEW, port, file));
  const many = run(client(MANY, port, file));
  return { cpu: (many.cpu - few.cpu) / (MANY - FEW), wall: (many.wall - few.wall) / (MANY - FEW) };
}

const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];

(async () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'quintet-bench-'));
  const file = path.join(folder, 'file.bin');
  fs.writeFileSync(file, Buffer.alloc(4096, 'q'));
  const peer = spawn(steady, ['peer'], { stdio: ['pipe', 'pipe', 'inherit'] });
  const port = String(await new Promise((resolve) => peer.stdout.once('data', resolve))).match(/\d+/)[0];
  const results = Object.fromEntries(Object.keys(clients).map((name) => [name, []]));
  for (let round = 0; round < Number(rounds); round++) {
    for (const [name, client] of Object.entries(clients)) results[name].push(each(client, port, file));
  }
  const shown = (what) => (results) => {
    const values = results.map((result) => result[what]);
    return [median(values), Math.min(...values), Math.max(...values)].map((value) => value.toFixed(1));
  };
  console.log(`Node ${process.version}, ${os.cpus()[0].model}, ${rounds} rounds of ${MANY} uploads; microseconds for each: median (least to most)`);
  for (const [name, values] of Object.entries(results)) {
    const [cpu, cpuLeast, cpuMost] = shown('cpu')(values);
    const [wall, wallLeast, wallMost] = shown('wall')(values);
    console.log(`${name.padEnd(20)} CPU ${cpu} (${cpuLeast} to ${cpuMost})  wall ${wall} (${wallLeast} to ${wallMost})`);
  }
  peer.kill();
  fs.rmSync(folder, { recursive: true });
})();
