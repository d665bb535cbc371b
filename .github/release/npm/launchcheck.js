#!/usr/bin/env node
// Starts the program of this platform, which npm installed as an optional dependency. Nothing is downloaded here.
"use strict";
const { spawnSync } = require("node:child_process");

const name = `@launchcheck/cli-${process.platform}-${process.arch}`;
const program = `launchcheck${process.platform === "win32" ? ".exe" : ""}`;

let path;
try {
  path = require.resolve(`${name}/bin/${program}`);
} catch {
  console.error(
    `launchcheck: ${name} is not installed. Either there is no binary for this platform,\n` +
      "or optional dependencies were left out (--omit=optional, --no-optional): install without that.",
  );
  process.exit(2);
}
const { status, signal, error } = spawnSync(path, process.argv.slice(2), { stdio: "inherit" });
if (error) {
  console.error(`launchcheck: ${path} cannot be started: ${error.message}`);
}
if (signal) {
  process.kill(process.pid, signal);
}
// No exit code of the program is no pass.
process.exit(status ?? 2);
