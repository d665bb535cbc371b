//! Where people write credentials: file formats and the syntax around a value.

use super::sample::Encoding;

/// A file that holds one value: `{value}`, perhaps under its `{name}`.
pub(super) struct Context {
    pub(super) path: &'static str,
    pub(super) text: &'static str,
    pub(super) encoding: Encoding,
}

const fn plain(path: &'static str, text: &'static str) -> Context {
    Context { path, text, encoding: Encoding::Utf8 }
}

impl Context {
    /// Notebooks are read, not run.
    pub(super) fn is_documentation(&self) -> bool {
        self.path.ends_with(".ipynb")
    }

    /// Whether it says whose value it is.
    pub(super) fn has_name(&self) -> bool {
        self.text.contains("{name}")
    }
}

pub(super) const CONTEXTS: &[Context] = &[
    // Under the name of its variable.
    plain("app/settings.py", "import os\n\n{name} = \"{value}\"\n"),
    plain("app/defaults.py", "import os\n\nkey = os.getenv(\"{name}\", \"{value}\")\n"),
    plain("app/typed.py", "class Settings:\n    {name}: str = \"{value}\"\n"),
    plain("app/set.py", "import os\nos.environ['{name}'] = '{value}'\n"),
    plain("src/config.ts", "export const config = { {name}: \"{value}\", retries: 3 };\n"),
    plain("src/env.ts", "const key = process.env.{name} ?? '{value}';\n"),
    plain("src/old.js", "const key = process.env.{name} || \"{value}\"\n"),
    plain("src/main.rs", "const {name}: &str = \"{value}\";\n"),
    plain("main.go", "package main\n\nconst {name} = \"{value}\"\n"),
    plain("src/Config.java", "public static final String {name} = \"{value}\";\n"),
    plain("app/Config.kt", "const val {name} = \"{value}\"\n"),
    plain("ios/Config.swift", "let {name} = \"{value}\"\n"),
    plain("config/boot.rb", "ENV['{name}'] = '{value}'\n"),
    plain("config.php", "<?php\ndefine('{name}', '{value}');\n"),
    plain("Config.cs", "public const string {name} = \"{value}\";\n"),
    plain("config/app.yaml", "service:\n  {name}: {value}\n"),
    plain("config/quoted.yml", "service:\n  {name}: '{value}'  # live\n"),
    plain("compose.yaml", "services:\n  web:\n    environment:\n      - {name}={value}\n"),
    plain("k8s/deployment.yaml", "env:\n  - name: {name}\n    value: \"{value}\"\n"),
    plain("render.yaml", "envVars:\n  - key: {name}\n    value: {value}\n"),
    plain("task.json", "{\"environment\": [\n  {\"name\": \"{name}\", \"value\": \"{value}\"}\n]}\n"),
    plain(".github/workflows/ci.yml", "jobs:\n  test:\n    env:\n      {name}: {value}\n"),
    plain(".gitlab-ci.yml", "variables:\n  {name}: \"{value}\"\n"),
    plain("fly.toml", "[env]\n{name} = \"{value}\"\n"),
    plain(".streamlit/secrets.toml", "{name} = \"{value}\"\n"),
    plain("config.json", "{\n  \"{name}\": \"{value}\"\n}\n"),
    plain(".mcp.json", "{\"mcpServers\": {\"a\": {\"env\": {\"{name}\": \"{value}\"}}}}\n"),
    plain(".vscode/settings.json", "{\n  // local\n  \"terminal.env\": { \"{name}\": \"{value}\" }\n}\n"),
    plain("lesson.ipynb", "{\"cells\": [{\"source\": [\n  \"os.environ[\\\"{name}\\\"] = \\\"{value}\\\"\\n\"\n]}]}\n"),
    plain("shown.ipynb", "{\"cells\": [{\"outputs\": [{\"text\": [\n  \"{name}={value}\\n\"\n]}]}]}\n"),
    plain(".env.production", "PORT=8080\n{name}={value}\n"),
    plain(".env", "{name}=\"{value}\"\nPORT=8080\n"),
    plain(".envrc", "export {name}='{value}'\n"),
    plain("deploy/prod.env", "{name}={value}\n"),
    plain("Dockerfile", "FROM python:3.12\nENV {name}={value}\n"),
    plain("build/Dockerfile.prod", "FROM python:3.12\nENV {name} {value}\n"),
    plain("infra/main.tf", "locals {\n  {name} = \"{value}\"\n}\n"),
    plain("prod.tfvars", "{name} = \"{value}\"\n"),
    plain("app.xml", "<config>\n  <{name}>{value}</{name}>\n</config>\n"),
    plain("web.config", "<appSettings>\n  <add key=\"{name}\" value=\"{value}\" />\n</appSettings>\n"),
    plain("res/strings.xml", "<resources>\n  <string name=\"{name}\">{value}</string>\n</resources>\n"),
    plain("ios/Info.plist", "<dict>\n  <key>{name}</key>\n  <string>{value}</string>\n</dict>\n"),
    plain("run.sh", "#!/bin/sh\nexport {name}={value}\n"),
    plain("inline.sh", "{name}=\"{value}\" python main.py\n"),
    plain("Makefile", "run:\n\t{name}={value} python main.py\n"),
    plain("application.properties", "{name}={value}\n"),
    plain("setup.ini", "[service]\n{name} = {value}\n"),
    plain("deploy/app.service", "[Service]\nEnvironment=\"{name}={value}\"\n"),
    plain("change.patch", "--- a/.env\n+++ b/.env\n+{name}={value}\n"),
    Context { path: "set.ps1", text: "$env:{name} = \"{value}\"\r\n", encoding: Encoding::Utf16Le },
    Context { path: "app/wide.py", text: "{name} = \"{value}\"\n", encoding: Encoding::Utf16Be },
    // Where nothing but its form tells what it is.
    plain("app/call.py", "client = make(\"{value}\", timeout=30)\n"),
    plain("app/header.py", "headers = {\"Authorization\": f\"Bearer {value}\"}\n"),
    plain("app/comment.py", "# the old one was {value}, now rotated\n"),
    plain("src/call.ts", "const client = new Client('{value}');\n"),
    plain("src/page.tsx", "return <Widget credential=\"{value}\" />;\n"),
    plain("src/escaped.ts", "const body = \"{\\\"k\\\":\\\"{value}\\\"}\";\n"),
    plain("README.md", "Run it with `{value}` as the key.\n"),
    plain("docs/시작.md", "키는 {value}입니다.\n"),
    plain("docs/usage.md", "```sh\ncurl -H 'Authorization: Bearer {value}' https://api.service.dev\n```\n"),
    plain("call.sh", "curl \"https://api.service.dev/v1?k={value}&format=json\"\n"),
    plain(".npmrc", "//registry.npmjs.org/:_authToken={value}\n"),
    plain("api.http", "GET https://api.service.dev\nAuthorization: Bearer {value}\n"),
    plain("seed.sql", "INSERT INTO settings VALUES (1, '{value}');\n"),
    plain("export.csv", "1,{value},x\r\n2,y,z\r\n"),
    plain("server.log", "2026-01-02 INFO start k={value}; ok\n"),
    plain("page.html", "<code>{value}</code>\n"),
    plain("output.ipynb", "{\"outputs\": [{\"data\": {\"text/plain\": [\"'{value}'\"]}}]}\n"),
    plain("variable.tf", "variable \"key\" {\n  default = \"{value}\"\n}\n"),
    plain("nginx.conf", "proxy_set_header Authorization \"Bearer {value}\";\n"),
    plain("tests/test_live.py", "KEY = \"{value}\"\n"),
    plain("request.har", "{\"headers\": [{\"name\": \"x-api-key\", \"value\": \"{value}\"}]}\n"),
    plain("split.txt", "{value}"),
    Context { path: "wide.txt", text: "key: {value}\r\n", encoding: Encoding::Utf16LeUnmarked },
];
