//! What only looks like a credential: each trap of the study in several formats. Nothing here may be reported.

use super::{maker::Maker, sample::Sample};

/// One trap: what it is called, and the files that show it.
pub(super) struct Trap {
    pub(super) name: &'static str,
    pub(super) samples: Vec<Sample>,
}

fn trap(name: &'static str, files: Vec<(&str, String)>) -> Trap {
    let samples = files.into_iter().map(|(path, text)| Sample::silent(path, text)).collect();
    Trap { name, samples }
}

/// A value that is none, written where a credential would be.
fn given(name: &'static str, values: &[String]) -> Trap {
    let files = values.iter().flat_map(|value| {
        vec![
            ("app/client.py", format!("import os\napi_key = \"{value}\"\n")),
            ("src/client.ts", format!("export const options = {{ apiKey: \"{value}\", retries: 2 }};\n")),
            ("deploy/app.yaml", format!("service:\n  api_key: \"{value}\"\n")),
            ("config.json", format!("{{\n  \"apiKey\": \"{value}\"\n}}\n")),
            ("run.sh", format!("export API_KEY=\"{value}\"\n")),
            ("settings.toml", format!("api_key = \"{value}\"\n")),
        ]
    });
    trap(name, files.collect())
}

/// All traps.
pub(super) fn all(maker: &mut Maker) -> Vec<Trap> {
    let mut traps = values(maker);
    traps.extend(places(maker));
    traps.extend(languages());
    traps.extend(public(maker));
    traps
}

/// Values that are placeholders, published, sealed, or something else.
fn values(maker: &mut Maker) -> Vec<Trap> {
    let text = str::to_owned;
    let placeholders = [
        "sk-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "sk-proj-...",
        "your-openai-api-key-here",
        "<your_api_key_1234567890>",
        "[YOUR_API_KEY_1234567890]",
        "sk-ant-api03-XXXXXXXXXXXXXXXXXXXX",
        "여기에-API-키를-넣으세요-1234",
        "replace-me-with-a-real-key-1",
        "REPLACE_WITH_YOUR_KEY_0123",
        "changeme1234567890abcd",
        "0123456789abcdef0123456789abcdef",
        "abcdefghijklmnopqrstuvwxyz012345",
        "test-key-for-unit-tests-1234",
        "dummy_key_5f4dcc3b5aa765d61d83",
    ];
    let aws = format!("AKIA{}EXAMPLE", "IOSFODNN7");
    let aws_secret = format!("wJalrXUtnFEMI/K7MDENG/{}EXAMPLEKEY", "bPxRfiCY");
    let jwt = maker.token(&[("sub", "1234567890"), ("name", "John Doe")]);
    let demo = maker.token(&[("iss", "supabase-demo"), ("role", "service_role")]);
    let anon = maker.token(&[("iss", "supabase"), ("ref", "abcdwxyzprojectrefid"), ("role", "anon")]);
    let toss = [format!("test_sk_{}", maker.alphanumeric(28)), format!("test_ck_{}", maker.alphanumeric(28))];
    let hashes: Vec<String> = vec![
        format!("sha256:{}", maker.hex(64)),
        format!("sha512-{}==", maker.base64(86)),
        format!("sha1-{}=", maker.base64(27)),
    ];
    let ids: Vec<String> = ["asst_", "file-", "price_", "prod_", "cus_", "prj_", "req_", "msg_", "thread_", "run_"]
        .iter()
        .map(|prefix| format!("{prefix}{}", maker.alphanumeric(24)))
        .collect();
    let media: Vec<String> = ["iVBORw0KGgoAAAANSUhEUgAA", "/9j/4AAQSkZJRgABAQ", "R0lGODlhAQABAIAAAA", "JVBERi0xLjQKJ"]
        .iter()
        .map(|head| format!("{head}{}", maker.base64(120)))
        .collect();
    let sealed: Vec<String> = vec![
        format!("ENC[AES256_GCM,data:{},iv:{}=,type:str]", maker.base64(40), maker.base64(43)),
        format!("encrypted:{}", maker.base64(120)),
        format!("AgB{}", maker.base64(240)),
        format!("vault:v1:{}", maker.base64(60)),
        format!("$2b$12${}", maker.base64(53)),
        format!("$argon2id$v=19$m=65536,t=3,p=4${}${}", maker.base64(22), maker.base64(43)),
        format!("gAAAAAB{}", maker.url(93)),
        "op://vault/openai/credential".to_owned(),
        "projects/12345/secrets/openai/versions/7".to_owned(),
        "arn:aws:secretsmanager:us-east-1:123456789012:secret:openai-AbCdEf".to_owned(),
        "{{resolve:secretsmanager:openai:SecretString:key}}".to_owned(),
    ];
    let references = [
        "${OPENAI_API_KEY}",
        "$OPENAI_API_KEY_2",
        "{{ secrets.OPENAI_API_KEY }}",
        "${{ secrets.OPENAI_API_KEY }}",
        "%OPENAI_API_KEY_1%",
        "@Microsoft.KeyVault(SecretUri=https://v.vault.azure.net/secrets/k1)",
        "{{openai_api_key_1}}",
        "<%= ENV['OPENAI_API_KEY'] %>",
    ];
    let checksum: Vec<String> =
        ["ghp_", "gho_", "ghs_", "npm_"].iter().map(|prefix| format!("{prefix}{}", maker.alphanumeric(36))).collect();
    vec![
        given("placeholders", &placeholders.map(text)),
        given("published examples", &[vec![aws, aws_secret, jwt, demo], toss.to_vec()].concat()),
        given("anonymous tokens", &[anon]),
        given("integrity hashes", &hashes),
        given("identifiers of things", &ids),
        given("universal identifiers", &[maker.uuid(), maker.uuid()]),
        given("media in base 64", &media),
        given("sealed values", &sealed),
        given("interpolation", &references.map(text)),
        given("wrong check sums", &checksum),
        given(
            "model names",
            &[
                text("gpt-4o-mini-2024-07-18"),
                text("claude-3-5-sonnet-20241022"),
                text("meta-llama/Llama-3.3-70B-Instruct-Turbo"),
                text("text-embedding-3-large-v1-2024"),
            ],
        ),
    ]
}

/// Credentials where they do no harm, and what stands where credentials would.
fn places(maker: &mut Maker) -> Vec<Trap> {
    let key = maker.alphanumeric(40);
    let (hex32, hex40) = (maker.hex(32), maker.hex(40));
    let password = format!("{}9kT", maker.alphanumeric(9));
    vec![
        trap(
            "same value twice, hosts that are one's own",
            vec![
                ("compose.yaml", "x:\n  URL: postgres://postgres:postgres@db:5432/app\n".into()),
                ("app/db.py", "URL = \"postgresql://postgres:postgres@localhost:5432/app\"\n".into()),
                ("src/db.ts", format!("const url = \"postgres://app:{password}@127.0.0.1:5432/app\";\n")),
                (".env.production", "DATABASE_URL=mysql://root:root@mysql:3306/app\n".into()),
                ("app/cache.py", format!("REDIS = \"redis://:{password}@redis:6379/0\"\n")),
                ("config.json", "{\"mongo\": \"mongodb://user:password@cluster0.abcde.mongodb.net/db\"}\n".into()),
                (
                    "settings.toml",
                    "dsn = \"postgres://user:<password>@ep-cool.eu-central-1.aws.neon.tech/db\"\n".into(),
                ),
                ("README.md", "`postgres://USER:PASSWORD@HOST:5432/DB`\n".into()),
            ],
        ),
        trap(
            "an empty value and the next line",
            vec![
                (".env.production", format!("KLING_ACCESS_KEY=\"\"\nBUILD={hex40}\n")),
                (".env", format!("API_KEY=\nRELEASE={hex40}\n")),
                ("deploy/app.yaml", format!("api_key:\nrevision: {hex40}\n")),
                ("config.ini", format!("password =\nrevision = {hex40}\n")),
                ("settings.toml", format!("api_key = \"\"\nrevision = \"{hex40}\"\n")),
            ],
        ),
        trap(
            "own values in tests and documentation",
            vec![
                ("tests/test_client.py", format!("SECRET_KEY = \"{key}\"\n")),
                ("src/client.test.ts", format!("const secret = {{ apiKey: \"{key}\" }};\n")),
                ("docs/guide.md", format!("```\nSECRET_KEY={key}\n```\n")),
                ("fixtures/config.json", format!("{{\"password\": \"{password}\"}}\n")),
                ("e2e/login.spec.ts", format!("await page.fill('#password', '{password}');\n")),
            ],
        ),
        trap(
            "lock files",
            vec![
                (
                    "pnpm-lock.yaml",
                    format!("  /a@1:\n    resolution: {{integrity: sha512-{key}{key}==}}\n    token: {key}\n"),
                ),
                ("package-lock.json", format!("{{\"a\": {{\"integrity\": \"sha512-{key}{key}==\"}}}}\n")),
                (
                    "uv.lock",
                    format!("sdist = {{ url = \"https://x.dev/a.tar.gz\", hash = \"sha256:{}\" }}\n", maker.hex(64)),
                ),
                ("Cargo.lock", format!("checksum = \"{}\"\n", maker.hex(64))),
                ("yarn.lock", format!("  token-key \"1\"\n  integrity sha512-{key}{key}==\n")),
                (
                    "index.html",
                    format!(
                        "<script integrity=\"sha384-{}\" src=\"https://cdn.dev/a.js\"></script>\n",
                        maker.base64(64)
                    ),
                ),
            ],
        ),
        trap(
            "hashes and commits",
            vec![
                ("app/version.py", format!("COMMIT_SHA = \"{hex40}\"\n")),
                ("build.json", format!("{{\"commit\": \"{hex40}\", \"fileHash\": \"{hex32}\"}}\n")),
                ("ci.yaml", format!("steps:\n  - uses: actions/checkout@{hex40}\n")),
                ("tsconfig.tsbuildinfo", format!("{{\"version\": \"{hex32}\", \"signature\": \"{hex40}\"}}\n")),
                ("src/cache.ts", format!("const etag = \"{hex32}\";\nconst cacheKey = \"{hex32}\";\n")),
                ("settings.toml", format!("checksum = \"{}\"\ndigest = \"{hex40}\"\n", maker.hex(64))),
            ],
        ),
        trap(
            "parameters of addresses in data",
            vec![
                ("data/pages.jsonl", format!("{{\"url\": \"https://shop.dev/p?token={key}&id=3\"}}\n")),
                ("evals/datasets/news.json", format!("[{{\"link\": \"https://news.dev/a?auth={key}\"}}]\n")),
                ("data/links.csv", format!("1,https://img.dev/i.png?Signature={key}&Key-Pair-Id=K2\n")),
                ("evals/dataset/pages.yaml", format!("- url: https://cdn.dev/v.mp4?access_token={key}\n")),
                ("data/feed.xml", format!("<link>https://feed.dev/r?api_key={key}</link>\n")),
            ],
        ),
        trap(
            "minified bundles",
            vec![
                (
                    "public/app.js",
                    format!("{}var t={{apiKey:\"{key}\"}};{}\n", "f(1);".repeat(400), "g(2);".repeat(400)),
                ),
                ("static/v.css.js", format!("{}token=\"{key}\";{}\n", "h(1);".repeat(500), "k(2);".repeat(500))),
                ("dist/a.js", format!("{}secret:\"{key}\"{}\n", "m(1);".repeat(500), "n(2);".repeat(500))),
                ("web/bundle.js", format!("{}password=\"{key}\"{}\n", "p(1);".repeat(500), "q(2);".repeat(500))),
            ],
        ),
        trap("marks of armour in code", {
            let mark = |end: &str, kind: &str| format!("-----{end} {kind} KEY-----");
            let (begin, end) = (mark("BEGIN", "PRIVATE"), mark("END", "PRIVATE"));
            vec![
                ("app/pem.py", format!("body = pem.replace(\"{begin}\", \"\").replace(\"{end}\", \"\")\n")),
                ("src/pem.ts", format!("const pem = `{begin}\\n${{body}}\\n{end}`;\n")),
                ("README.md", format!("```\n{begin}\n...\n{end}\n```\n")),
                (".env.production", format!("GITHUB_PRIVATE_KEY=\"{begin}\\nMIIE...\\n{end}\"\n")),
                ("src/check.rs", format!("if text.contains(\"{begin}\") {{}}\n")),
            ]
        }),
        trap(
            "placeholders in environment files",
            vec![
                (".env.test", "OPENAI_API_KEY=test-key\nJWT_SECRET=test_secret_for_ci_only_1\n".into()),
                (
                    "apps/web/.env.test",
                    "OPENAI_API_KEY=sk-test-1234567890\nPOSTGRES_URL=postgres://test:test@localhost/test\n".into(),
                ),
                (".env.development", "SECRET_KEY=changethis\nDB_PASSWORD=postgres\n".into()),
                (".env", "OPENAI_API_KEY=sk-...\nANTHROPIC_API_KEY=<your key>\n".into()),
                (".env.example", format!("SECRET_KEY={key}\n")),
                (".env.ci", "STRIPE_SECRET_KEY=sk_test_dummy\nNEXTAUTH_SECRET=ci-secret-not-for-production\n".into()),
            ],
        ),
    ]
}

/// Code and words that hold a credential's name and no credential.
fn languages() -> Vec<Trap> {
    let file = |path, text: &str| (path, text.to_owned());
    vec![
        trap(
            "code that reads",
            vec![
                file(
                    "src/queue.ts",
                    "const client = new Client({ token: env.QSTASH_TOKEN, url: process.env.QSTASH_URL });\n",
                ),
                file("src/a.ts", "if (typeof apiKey === \"boolean\") throw new Error(\"no key 12345678\");\n"),
                file("app/a.py", "api_key = settings.openai_api_key_2\ntoken = get_token_from_cache(user_1234)\n"),
                file(
                    "src/a.rs",
                    "let token = config.auth_token_v2.clone();\nlet secret = load_secret(\"openai_key_2\");\n",
                ),
                file("main.tf", "api_key = var.openai_api_key_1\npassword = random_password.db1.result\n"),
                file("src/storage.ts", "localStorage.setItem(\"refresh_token_v2\", response.data.refreshToken);\n"),
                file(
                    "app/b.py",
                    "password: str = Field(default=None, min_length=8)\nSECRET_NAME = \"projects/my-app/openai\"\n",
                ),
            ],
        ),
        trap(
            "texts for people",
            vec![
                file(
                    "src/de.ts",
                    "export default { apiKey: \"API-Schlüssel 12345678\", password: \"Passwort-2-wiederholen\" };\n",
                ),
                file(
                    "src/ko.json",
                    "{\"apiKey\": \"API 키를 입력하세요 12345678\", \"password\": \"비밀번호는 8자 이상입니다\"}\n",
                ),
                file(
                    "locales/fr.yaml",
                    "token: \"Jeton d'accès n°2 requis ici\"\npassword: \"Mot-de-passe-oublié?1\"\n",
                ),
                file("src/ja.ts", "const t = { secret: \"シークレットキー12345678を入力\" };\n"),
                file(
                    "src/en.ts",
                    "const t = { invalidToken: \"Token-is-not-valid-401\", passwordHint: \"Use-8-or-more-chars\" };\n",
                ),
            ],
        ),
        trap(
            "attributes that show a form",
            vec![
                file("src/form.tsx", "<input name=\"token\" placeholder=\"glpat-XXXXXXXXXXXXXXXXXXXX\" />\n"),
                file("src/key.tsx", "<Input label=\"API key\" placeholder=\"a94f3c21b7e8d6054c1f9e2a7b3d8c60\" />\n"),
                file(
                    "web/form.html",
                    "<input type=\"password\" placeholder=\"e.g. Tr0ub4dor&3xyz\" autocomplete=\"off\">\n",
                ),
                file("src/help.vue", "<p>Your token looks like a94f3c21b7e8d6054c1f9e2a7b3d8c60</p>\n"),
                file(
                    "src/field.tsx",
                    "const field = { name: \"apiKey\", placeholder: \"sk-1f9e2a7b3d8c60a94f3c21b7e8d605\" };\n",
                ),
            ],
        ),
        trap(
            "prefixes inside words",
            vec![
                file("web/spin.css", ".sk-folding-cube{}.sk-cube2:before{transform:rotateZ(90deg)}\n"),
                file("src/ids.ts", "const id = \"task-9f8e7d6c5b4a39281706f5e4d3c2b1a0\";\n"),
                file("app/ids.py", "ticket = \"helpdesk-9f8e7d6c5b4a39281706f5e4d3c2b1a0\"\n"),
                file(
                    "app/gsk.py",
                    "gsk_render_offscreen_texture_cache = 1\nnode = \"gsk_gl_shader_builder_set_common_vertex_shader\"\n",
                ),
                file("app/hf.py", "from x import hf_transformer_model_configuration_loader_v\n"),
                file("run.sh", "export npm_config_registry_mirror_url_for_the_build=https://x.dev\n"),
                file("notes.txt", "task_sk_live_migration, risk_sk-learn, disk-0123456789abcdef0123456789abcdef\n"),
            ],
        ),
        trap(
            "names that only hold the word",
            vec![
                file(
                    "app/model.py",
                    "max_tokens = 4096\npad_token = \"<|endoftext|>\"\nprimary_key = \"conversation_id_v2\"\n",
                ),
                file(
                    "src/keys.ts",
                    "const keyboard = \"Ctrl+Shift+F12\";\nconst storageKey = \"chat-history-v2-2024\";\n",
                ),
                file(
                    "src/query.ts",
                    "const queryKey = [\"users\", \"list\", \"page-12345678\"];\nconst TOKEN_KEY = \"access_token_v1\";\n",
                ),
                file("app/author.py", "author = \"Jean-Luc-Picard-1701D\"\npassthrough = \"x-forwarded-for-2\"\n"),
                file("app/form.json", "{\"passwordMinLength\": \"12345678\", \"tokenType\": \"Bearer-JWT-RS256\"}\n"),
            ],
        ),
    ]
}

/// Values that are meant to be seen.
fn public(maker: &mut Maker) -> Vec<Trap> {
    let google = format!("AIza{}", maker.url(35));
    let kakao = maker.hex(32);
    let algolia = maker.hex(32);
    let dsn = format!("https://{}@o{}.ingest.sentry.io/{}", maker.hex(32), maker.digits(6), maker.digits(7));
    let values = vec![
        format!("pk_live_{}", maker.alphanumeric(24)),
        format!("pk_test_{}", maker.alphanumeric(40)),
        format!("phc_{}", maker.alphanumeric(43)),
        format!("pk.eyJ{}.{}", maker.url(60), maker.url(22)),
        format!("pk-lf-{}", maker.uuid()),
        format!("live_ck_{}", maker.alphanumeric(28)),
        format!("sb_publishable_{}_{}", maker.url(22), maker.url(8)),
    ];
    vec![
        given("publishable keys", &values),
        trap(
            "keys of the web's own products",
            vec![
                (
                    "src/firebase.ts",
                    format!(
                        "export const firebaseConfig = {{\n  apiKey: \"{google}\",\n  authDomain: \"app.firebaseapp.com\",\n  projectId: \"app\",\n}};\n"
                    ),
                ),
                (
                    "public/index.html",
                    format!(
                        "<script>firebase.initializeApp({{apiKey: \"{google}\", authDomain: \"a.firebaseapp.com\"}})</script>\n"
                    ),
                ),
                (
                    "web/map.html",
                    format!(
                        "<script src=\"https://maps.googleapis.com/maps/api/js?key={google}&libraries=places\"></script>\n"
                    ),
                ),
                (
                    "google-services.json",
                    format!(
                        "{{\"client_info\": {{\"mobilesdk_app_id\": \"1:2:android:3\"}}, \"api_key\": [{{\"current_key\": \"{google}\"}}]}}\n"
                    ),
                ),
                ("src/map.tsx", format!("const GOOGLE_MAPS_API_KEY = \"{google}\";\n")),
            ],
        ),
        trap(
            "public keys by their names",
            vec![
                ("src/kakao.ts", format!("Kakao.init(\"{kakao}\");\nconst KAKAO_JS_KEY = \"{kakao}\";\n")),
                (
                    "src/search.ts",
                    format!(
                        "const ALGOLIA_SEARCH_API_KEY = \"{algolia}\";\nconst search = algoliasearch(\"APP1\", \"{algolia}\");\n"
                    ),
                ),
                ("src/sentry.ts", format!("Sentry.init({{ dsn: \"{dsn}\" }});\n")),
                ("app/sentry.py", format!("sentry_sdk.init(dsn=\"{dsn}\")\n")),
                ("src/captcha.ts", format!("const RECAPTCHA_SITE_KEY = \"6L{}\";\n", maker.url(38))),
                (
                    ".env.production",
                    format!("NEXT_PUBLIC_SENTRY_DSN={dsn}\nNEXT_PUBLIC_KAKAO_JS_KEY={kakao}\nPORT=3000\n"),
                ),
                (
                    "src/analytics.ts",
                    format!(
                        "amplitude.init(\"{}\");\ngtag(\"config\", \"G-{}\");\n",
                        maker.hex(32),
                        maker.alphanumeric(10).to_uppercase()
                    ),
                ),
            ],
        ),
    ]
}
