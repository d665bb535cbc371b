// Makes npm packages of the archives of a release: one per platform with its program, and `launchcheck`, which depends
// on all of them optionally, so that npm installs the one that fits. No scripts run at installation.
//
//   node npm.mjs ARCHIVES FOLDER
import { execFileSync } from "node:child_process";
import { chmodSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, "..", "..");
const [archives, folder] = process.argv.slice(2).map((path) => resolve(path));
if (!folder) {
  console.error("usage: node npm.mjs ARCHIVES FOLDER");
  process.exit(2);
}

const platforms = [
  { target: "x86_64-unknown-linux-musl", os: "linux", cpu: "x64" },
  { target: "aarch64-unknown-linux-musl", os: "linux", cpu: "arm64" },
  { target: "x86_64-apple-darwin", os: "darwin", cpu: "x64" },
  { target: "aarch64-apple-darwin", os: "darwin", cpu: "arm64" },
  { target: "x86_64-pc-windows-msvc", os: "win32", cpu: "x64" },
];

const manifest = readFileSync(join(root, "Cargo.toml"), "utf8");
const field = (name) => manifest.match(new RegExp(`^${name} = "(.*)"$`, "m"))[1];
const shared = {
  version: field("version"),
  description: field("description"),
  license: field("license"),
  repository: { type: "git", url: `git+${field("repository")}.git` },
};

/** Writes a package and packs it. */
function pack(name, about, files) {
  const place = join(folder, name.replace("@", "").replace("/", "-"));
  mkdirSync(join(place, "bin"), { recursive: true });
  writeFileSync(join(place, "package.json"), `${JSON.stringify({ name, ...shared, ...about }, null, 2)}\n`);
  for (const license of ["LICENSE-MIT", "LICENSE-APACHE"]) {
    copyFileSync(join(root, license), join(place, license));
  }
  for (const [from, to] of files) {
    copyFileSync(from, join(place, to));
    if (to.startsWith("bin/")) {
      chmodSync(join(place, to), 0o755);
    }
  }
  execFileSync("npm", ["pack", "--silent", "--pack-destination", folder], { cwd: place, stdio: "inherit" });
  rmSync(place, { recursive: true });
}

const optionalDependencies = {};
for (const { target, os, cpu } of platforms) {
  const stem = `launchcheck-v${shared.version}-${target}`;
  const archive = join(archives, `${stem}.tar.gz`);
  const name = `@launchcheck/cli-${os}-${cpu}`;
  optionalDependencies[name] = shared.version;
  if (!existsSync(archive)) {
    console.error(`${archive} is not there: no ${name}`);
    continue;
  }
  const work = mkdtempSync(join(tmpdir(), "npm-"));
  execFileSync("tar", ["-xzf", archive, "-C", work]);
  const program = os === "win32" ? "launchcheck.exe" : "launchcheck";
  pack(name, { os: [os], cpu: [cpu], preferUnplugged: true }, [[join(work, stem, program), `bin/${program}`]]);
  rmSync(work, { recursive: true });
}
pack(
  "launchcheck",
  { bin: { launchcheck: "bin/launchcheck.js" }, engines: { node: ">=18" }, keywords: ["lint", "llm"], optionalDependencies },
  [
    [join(here, "npm", "launchcheck.js"), "bin/launchcheck.js"],
    [join(root, "README.md"), "README.md"],
  ],
);
