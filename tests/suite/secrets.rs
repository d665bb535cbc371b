//! The promise of item E2: every shape is found in every syntax, and what only looks like a credential is not.
//!
//! No key is written down here: values are made from a form and a seed when the tests run.

use std::sync::Arc;

use launchcheck::{
    collect::Class,
    judge::secrets::{EnvironmentFile, Hit, Rule, environment_files, scan},
    rules::secrets::{Alphabet, DecidedBy, Part, Shapes},
};

use crate::keys::{Chance, value};

fn shapes() -> Arc<Shapes> {
    match Shapes::built_in() {
        Ok(shapes) => shapes,
        Err(error) => panic!("{error}"),
    }
}

/// A file that holds a value: its path and text, with `{}` for the value.
const SYNTAXES: [(&str, &str); 18] = [
    ("app.py", "client = make(\"{}\")\n"),
    ("app.ts", "const client = make('{}');\n"),
    ("app.rs", "    let client = make(\"{}\", 3)?;\n"),
    ("data.json", "{\"a\": \"{}\", \"b\": 1}"),
    ("data.json", "{\"text\": \"run with \\\"{}\\\" now\\n{}\\nthen\"}"),
    ("lesson.ipynb", "   \"source\": [\"make(\\\"{}\\\")\\n\", \"x\"]"),
    ("settings.yaml", "service:\n  value: {}\n  other: 1\n"),
    ("web.config", "<add name=\"x\">{}</add>"),
    ("run.sh", "curl \"https://api.service.dev/v1?k={}&format=json\"\n"),
    ("Makefile", "VALUE := {}\n"),
    ("NOTES.md", "Use `{}` here.\n"),
    ("NOTES.md", "지금은 {}입니다.\n"),
    ("NOTES.md", "(see {}), then\n"),
    ("run.sh", "curl -H 'Authorization: Bearer {}' x\n"),
    ("data.csv", "1,{},x\r\n2,y,z\r\n"),
    ("page.html", "<code>{}</code>"),
    ("list.txt", "{}"),
    ("query.txt", "https://service.dev/?a=1%3D{}%26b"),
];

fn found(path: &str, text: &str, class: Class, shapes: &Shapes) -> Vec<Hit> {
    scan(path, text, class, shapes)
}

#[test]
fn every_shape_is_found_in_every_syntax() {
    let shapes = shapes();
    let (mut tried, mut missed) = (0, Vec::new());
    for shape in shapes.shapes.iter().filter(|shape| !shape.public && shape.decided_by != DecidedBy::Name) {
        for (number, form) in shape.forms.iter().enumerate() {
            for seed in 0..4 {
                let value = value(shape, form, seed * 31 + number as u64 + 7, 0);
                for (path, syntax) in SYNTAXES {
                    let text = syntax.replace("{}", &value);
                    let hits = found(path, &text, Class::Ships, &shapes);
                    let start = text.find(&value).unwrap_or(0);
                    tried += 1;
                    if !hits.iter().any(|hit| hit.span.start as usize == start && hit.shape.as_ref() == Some(&shape.id))
                    {
                        missed.push(format!("{} {path} {syntax}", shape.id));
                    }
                }
            }
        }
    }
    let first: Vec<&String> = missed.iter().take(20).collect();
    assert!(missed.len() * 200 <= tried, "{} of {tried} missed: {first:#?}", missed.len());
}

#[test]
fn a_shape_off_by_one_is_none() {
    let shapes = shapes();
    for shape in shapes.shapes.iter().filter(|shape| shape.claims.is_empty() && shape.decided_by != DecidedBy::Name) {
        for form in shape.forms.iter() {
            for longer in [-1, 1] {
                // A form that ends in a literal, or one that other forms extend, has no such neighbour.
                if !matches!(form.parts.last(), Some(Part::Run { .. })) {
                    continue;
                }
                let value = value(shape, form, 5, longer);
                let hits = found("app.py", &format!("x = make(\"{value}\")"), Class::Ships, &shapes);
                assert!(hits.iter().all(|hit| hit.shape.as_ref() != Some(&shape.id)), "{} {longer}", shape.id);
            }
        }
    }
}

#[test]
fn values_without_a_form_are_known_by_their_vendors_name() {
    let shapes = shapes();
    for shape in shapes.shapes.iter().filter(|shape| shape.decided_by == DecidedBy::Name) {
        let Some(form) = shape.forms.first() else { continue };
        let variable = &shape.variable;
        let seen = (0..10).filter(|seed| {
            let value = value(shape, form, seed + 3, 0);
            let texts = [
                ("app.py", format!("{variable} = \"{value}\"\n")),
                ("app.ts", format!("const config = {{ {variable}: '{value}' }};\n")),
                (".env.production", format!("{variable}={value}\n")),
                ("lesson.ipynb", format!("\"os.environ[\\\"{variable}\\\"] = \\\"{value}\\\"\\n\"")),
            ];
            texts.iter().all(|(path, text)| found(path, text, Class::Ships, &shapes).len() == 1)
        });
        assert!(seen.count() >= 9, "{} under {variable}", shape.id);
    }
}

#[test]
fn public_values_are_silent_under_any_name() {
    let shapes = shapes();
    for shape in shapes.shapes.iter().filter(|shape| shape.public) {
        for form in &shape.forms {
            let value = value(shape, form, 11, 0);
            for name in ["API_KEY", "SECRET_TOKEN", "NEXT_PUBLIC_KEY"] {
                let text = format!("{name} = \"{value}\"\n");
                assert_eq!(found("app.py", &text, Class::Ships, &shapes), vec![], "{} {name}", shape.id);
            }
        }
    }
}

#[test]
fn own_keys_and_passwords_are_known_by_name_and_look() {
    let shapes = shapes();
    let mut chance = Chance::of(42);
    let (key, hex) = (chance.run(Alphabet::Url, 43), chance.run(Alphabet::Hex, 64));
    let password = format!("{}#{}", chance.run(Alphabet::Alphanumeric, 7), chance.run(Alphabet::Digits, 3));
    let cases = [
        ("app.py", format!("SECRET_KEY = \"{key}\"\n")),
        ("app.py", format!("secret_key: str = \"{key}\"\n")),
        ("app.py", format!("JWT_SECRET = os.getenv(\"JWT_SECRET\", \"{key}\")\n")),
        ("app.ts", format!("const secret = process.env.AUTH_SECRET || \"{key}\";\n")),
        ("app.ts", format!("const secret = process.env.AUTH_SECRET ?? '{key}';\n")),
        ("app.ts", format!("headers: {{ 'X-API-Key': '{key}' }},\n")),
        ("app.ts", format!("headers: {{ Authorization: `Bearer {key}` }},\n")),
        ("app.rs", format!("const API_KEY: &str = \"{key}\";\n")),
        ("app.rs", format!("let key = std::env::var(\"API_KEY\").unwrap_or(\"{key}\".into());\n")),
        ("app.py", format!("api_key = SecretStr(\"{key}\")\n")),
        ("run.sh", format!("curl -H \"X-API-Key: {key}\" https://service.dev\n")),
        ("run.sh", format!("export API_KEY={key}\n")),
        ("run.sh", format!("tool --api-key {key} --fast\n")),
        ("settings.yaml", format!("auth:\n  api_key: {key}\n")),
        ("settings.yaml", format!("  password: '{password}'\n")),
        ("settings.toml", format!("db_password = \"{password}\"\n")),
        ("app.config", format!("<add key=\"ApiKey\" value=\"{key}\" />\n")),
        ("app.xml", format!("<apiKey>{key}</apiKey>\n")),
        ("page.html", format!("<p>Admin API key: <code>admin_{hex}</code></p>\n")),
        ("page.js", format!("fetch('/api?api_key=user_{hex}')\n")),
        ("compose.yaml", format!("      - API_KEY={key}\n")),
        ("Dockerfile", format!("ENV API_KEY={key}\n")),
        ("app.py", format!("url = \"postgresql://app:{password}@db.service.dev:5432/app\"\n").replace('#', "Z")),
    ];
    for (path, text) in cases {
        assert_eq!(found(path, &text, Class::Ships, &shapes).len(), 1, "{path}: {text}");
    }
    let notes = format!("Admin API key: `admin_{hex}`\n");
    assert_eq!(found("docs/NOTES.md", &notes, Class::Docs, &shapes).len(), 1);
    let codes: Vec<String> =
        (0..8).map(|_| format!("{}7-{}4", chance.run(Alphabet::Hex, 4), chance.run(Alphabet::Hex, 4))).collect();
    let list = format!("Recovery codes:\n{}\n", codes.join("\n"));
    assert_eq!(found("notes.txt", &list, Class::Ships, &shapes).len(), 1, "{list}");
    // What only a name tells does not count in tests and documentation.
    for class in [Class::Test, Class::Docs] {
        assert_eq!(found("x.py", &format!("SECRET_KEY = \"{key}\"\n"), class, &shapes), vec![]);
    }
}

#[test]
fn values_in_pieces_are_joined() {
    let shapes = shapes();
    let seeds = ["openai", "anthropic", "github", "xai", "sendgrid", "hugging-face"];
    for shape in seeds.iter().filter_map(|id| shapes.by_id(id)) {
        let value = value(shape, &shape.forms[0], 9, 0);
        let (one, two) = value.split_at(value.len() / 2);
        let texts = [
            ("app.py", format!("key = \"{one}\" + \"{two}\"\n")),
            ("app.py", format!("key = (\n    \"{one}\"\n    \"{two}\"\n)\n")),
            ("app.ts", format!("const key = '{one}' +\n  '{two}';\n")),
            ("app.js", format!("const key = `{one}` + `{two}`;\n")),
            ("Main.java", format!("String key = \"{one}\"\n    + \"{two}\";\n")),
        ];
        for (path, text) in texts {
            let hits = found(path, &text, Class::Ships, &shapes);
            assert_eq!(hits.len(), 1, "{} {path}: {text}", shape.id);
            let hidden = launchcheck::judge::secrets::hidden(&hits, &text);
            let shown = |at: usize| !hidden.iter().any(|span| (span.start as usize..span.end as usize).contains(&at));
            let at = text.find(two).expect("the second half");
            assert!((at..at + two.len() - 2).all(|at| !shown(at)), "{} {path}: {text}", shape.id);
        }
        let apart = format!("keys = [\"{one}\", \"{two}\"]\n");
        assert_eq!(found("app.py", &apart, Class::Ships, &shapes), vec![], "{}", shape.id);
    }
}

#[test]
fn what_only_looks_like_a_credential_is_silent() {
    let shapes = shapes();
    let mut chance = Chance::of(7);
    let hex40 = chance.run(Alphabet::Hex, 40);
    let an = chance.run(Alphabet::Alphanumeric, 32);
    let google = format!("{}{}", "AIza", chance.run(Alphabet::Url, 35));
    let traps = [
        ("a.py", "api_key = \"sk-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\"".to_owned()),
        ("a.py", "api_key = \"your-openai-api-key-goes-here-1\"".to_owned()),
        ("a.sh", "curl -H \"X-API-Key: your_admin_api_key_here\" x".to_owned()),
        ("a.py", "api_key = \"<your_openai_api_key_1234>\"".to_owned()),
        ("a.yaml", "api_key: ${OPENAI_API_KEY_12345}".to_owned()),
        ("a.yaml", "api_key: {{ secrets.OPENAI_API_KEY_1 }}".to_owned()),
        ("a.ts", "const token = env.QSTASH_TOKEN_1234567;".to_owned()),
        ("a.ts", "if (typeof apiKey === \"boolean_value_1234\") {}".to_owned()),
        ("a.env.example", "SECRET_KEY=\"\"\nNEXT=aGVsbG8gd29ybGQ1234567890".to_owned()),
        ("a.py", "SECRET_KEY = \"1234567890abcdef1234567890abcdef\"".to_owned()),
        ("a.py", "token = \"abcdefghijklmnopqrstuvwxyz123456\"".to_owned()),
        ("a.ts", "apiKey: \"API-Schlüssel 12345678901234567890\"".to_owned()),
        ("a.ts", "password: \"비밀번호를 입력하세요 1234\"".to_owned()),
        ("a.tsx", format!("<input placeholder=\"token: '{an}'\" name=\"token\" />")),
        ("a.py", format!("commit_sha = \"{hex40}\"")),
        ("a.yaml", format!("integrity: sha512-{an}{an}{an}==")),
        ("a.py", "token_id = \"3f2b8c1e-9d4a-4c7b-8e2f-1a5d6c9b0e3f\"".to_owned()),
        ("a.py", "api_key = \"3f2b8c1e-9d4a-4c7b-8e2f-1a5d6c9b0e3f\"".to_owned()),
        ("a.ts", "const key = 'price_1NvBq2LkdIwHu7ixabcd1234';".to_owned()),
        ("a.ts", "secret: 'price_1NvBq2LkdIwHu7ixQzcd1834',".to_owned()),
        ("a.py", "auth = \"gpt-4o-mini-2024-07-18-preview\"".to_owned()),
        ("a.yaml", "url: postgres://postgres:postgres@localhost:5432/app".to_owned()),
        ("a.yaml", format!("url: postgres://app:{}@db:5432/app", &an[..12])),
        ("a.yaml", "url: postgres://user:password@ep-cool.neon.tech/app".to_owned()),
        ("a.yaml", "url: postgres://user:${DB_PASSWORD}@ep-cool.neon.tech/app".to_owned()),
        ("a.py", "password = \"changethis\"".to_owned()),
        ("a.py", "password = \"P@ssw0rd123\"".to_owned()),
        ("a.py", "password = \"correct-horse-battery-1\"".to_owned()),
        ("a.css", ".sk-folding-cube{transform:rotateZ(45deg)}.sk-cube1{}".to_owned()),
        ("a.ts", format!("const firebaseConfig = {{ apiKey: \"{google}\", authDomain: \"x.firebaseapp.com\" }}")),
        ("a.html", format!("<script src=\"https://maps.googleapis.com/maps/api/js?key={google}\"></script>")),
        (
            "a.py",
            format!(
                "pem.replace(\"-----BEGIN {} KEY-----\", \"\").replace(\"-----END {} KEY-----\", \"\")",
                "PRIVATE", "PRIVATE"
            ),
        ),
        ("a.yaml", format!("password: ENC[AES256_GCM,data:{an}]")),
        ("a.env", format!("DB_PASSWORD=encrypted:{an}")),
        ("a.py", "hashed_password = \"$2b$12$EixZaYVK1fsbw1ZfbX3OXePaWxn96p36WQoeG6Lruj3vjPGga31lW\"".to_owned()),
        ("a.ts", format!("const image_token = 'data:image/png;base64,iVBORw0KGgo{an}'")),
        ("a.py", "aws_access_key_id = \"AKIAIOSFODNN7EXAMPLE\"".to_owned()),
        ("a.py", format!("aws_secret_access_key = \"{}\"", ["wJalrXUtnFEMI/K7MDENG", "/bPxRfiCYEXAMPLEKEY"].concat())),
        ("a.py", format!("token = \"{}{}\"", "ghp_", an)),
        (".env.example", format!("SECRET_KEY={an}\n")),
        ("a.jsonl", format!("{{\"id\": \"item_key_{hex40}\", \"tokens\": 3}}")),
        ("pnpm-lock.yaml", format!("resolution: {{integrity: sha512-{an}}}\n  token: {an}")),
        ("a.ts", "const PASSWORD_RESET_TOKEN_KEY = 'password_reset_token_v2_key';".to_owned()),
        ("a.py", "token = hashlib.sha256(b\"x\").hexdigest()".to_owned()),
        ("a.ts", "localStorage.setItem('access_token_key_1', response.data.accessToken)".to_owned()),
    ];
    for (path, text) in traps {
        assert_eq!(found(path, &text, Class::Ships, &shapes), vec![], "{path}: {text}");
    }
}

#[test]
fn private_keys_need_a_body() {
    let shapes = shapes();
    let body = Chance::of(3).run(Alphabet::Base64, 640);
    let kind = "PRIVATE";
    let lines: Vec<&str> = body.as_bytes().chunks(64).filter_map(|line| std::str::from_utf8(line).ok()).collect();
    let key = format!("-----BEGIN RSA {kind} KEY-----\n{}\n-----END RSA {kind} KEY-----\n", lines.join("\n"));
    assert_eq!(found("server.pem", &key, Class::Ships, &shapes).len(), 1);
    let escaped = format!("{{\"private_key\": \"{}\"}}", key.replace('\n', "\\n"));
    assert_eq!(found("account.json", &escaped, Class::Ships, &shapes).len(), 1);
    assert_eq!(found("server.pem", &key, Class::Test, &shapes).len(), 0);
    assert_eq!(found("server.pem", &key.replace("RSA", "ENCRYPTED"), Class::Ships, &shapes).len(), 0);
}

#[test]
fn browsers_get_no_secrets() {
    let shapes = shapes();
    let variants = |path: &str, text: &str| -> Vec<String> {
        let hits = found(path, text, Class::Ships, &shapes);
        hits.into_iter().map(|hit| format!("{} {}", hit.variant, hit.name)).collect()
    };
    for name in ["NEXT_PUBLIC_OPENAI_API_KEY", "VITE_PICO_BACKEND_FORM_SECRET", "EXPO_PUBLIC_SUPABASE_SERVICE_ROLE_KEY"]
    {
        assert_eq!(variants("a.ts", &format!("const x = process.env.{name};\n")), [format!("public-name {name}")]);
    }
    for name in [
        "NEXT_PUBLIC_SUPABASE_ANON_KEY",
        "NEXT_PUBLIC_NO_API_KEY_INPUT",
        "VITE_SENTRY_DSN",
        "NEXT_PUBLIC_UPLOAD_API_KEY",
        "NEXT_PUBLIC_OPENAI_MODEL",
        "NEXT_PUBLIC_CLERK_PUBLISHABLE_KEY",
    ] {
        assert_eq!(variants("a.ts", &format!("const x = process.env.{name};\n")), Vec::<String>::new());
    }
    assert!(variants("a.ts", "// never read process.env.NEXT_PUBLIC_OPENAI_API_KEY\n").is_empty());
    let own = "new OpenAI({ apiKey: process.env.OPENAI_API_KEY, dangerouslyAllowBrowser: true })";
    assert_eq!(variants("a.ts", own), ["browser-flag dangerouslyAllowBrowser"]);
    let typed = "const [key, setKey] = useState('');\nnew OpenAI({ apiKey: key, dangerouslyAllowBrowser: true })";
    assert!(variants("a.ts", typed).is_empty());
    assert!(variants("a.ts", &own.replace("true", "false")).is_empty());
    let inlined = "export default { define: { 'process.env.API_KEY': JSON.stringify(env.GEMINI_API_KEY) } }";
    assert_eq!(variants("vite.config.ts", inlined), ["inlined GEMINI_API_KEY"]);
}

#[test]
fn a_committed_environment_file_is_one_finding() {
    let shapes = shapes();
    let mut chance = Chance::of(9);
    let (one, two) = (chance.run(Alphabet::Alphanumeric, 40), chance.run(Alphabet::Alphanumeric, 40));
    let text = format!("PORT=8080\nSECRET_KEY={one}\nJWT_SECRET={two}\n");
    let hits = found(".env", &text, Class::Ships, &shapes);
    let plain = found(
        ".env.docker",
        "SECRET_KEY=changethis\nPORT=80\nURL=postgresql://user:password@db:5432/x\n",
        Class::Ships,
        &shapes,
    );
    assert_eq!(plain, vec![]);
    let file = |tracked, ignored| EnvironmentFile { path: ".env", tracked, ignored, hits: &hits };
    let findings = environment_files(&[file(true, true)]);
    assert_eq!(findings.len(), 1);
    assert_eq!(
        findings.first().map(|finding| (finding.hit.rule, finding.hit.name.as_str())),
        Some((Rule::CommittedEnvFile, "SECRET_KEY"))
    );
    assert_eq!(environment_files(&[file(false, true)]), vec![]);
    let open = environment_files(&[file(false, false)]);
    assert_eq!(open.first().map(|finding| finding.hit.rule), Some(Rule::EnvFileNotIgnored));
}

#[test]
fn no_hit_holds_a_value() {
    let shapes = shapes();
    for shape in shapes.shapes.iter().filter(|shape| !shape.public && shape.claims.is_empty()) {
        let Some(form) = shape.forms.first() else { continue };
        let value = value(shape, form, 21, 0);
        for hit in found("app.py", &format!("{} = \"{value}\"\n", shape.variable), Class::Ships, &shapes) {
            let secret = &value[form.prefix().len().min(value.len())..];
            let shown = format!("{hit:?}");
            let pieces = secret.as_bytes().windows(8).filter_map(|piece| std::str::from_utf8(piece).ok());
            for piece in pieces.filter(|piece| !form.anchor_text().contains(piece)) {
                assert!(!shown.contains(piece), "{shown}");
            }
        }
    }
}

#[test]
fn hostile_texts_end_soon() {
    let shapes = shapes();
    let pieces = [
        "key",
        "_key=\"",
        "://a:b@",
        "sk-",
        "eyJaaaaaaaaaaaaaaaaaa",
        ".eyJ",
        "-----BEGIN ",
        "PRIVATE KEY-----",
        "한글",
        "define: {",
        "-eyJaaaaaaaaa.eyJ",
        "_0123456789abcdef",
        "token = \\\"",
        ":AA",
        "NEXT_PUBLIC_SECRET",
    ];
    let mut chance = Chance::of(1);
    for path in ["a.py", "a.md", "vite.config.ts", ".env"] {
        for piece in pieces {
            let text = piece.repeat(100_000 / piece.len());
            found(path, &text, Class::Ships, &shapes);
        }
        let mixed: String =
            (0..20_000).map(|_| pieces[usize::try_from(chance.next() >> 33).unwrap_or(0) % pieces.len()]).collect();
        found(path, &mixed, Class::Ships, &shapes);
    }
}
