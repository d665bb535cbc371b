//! What an audit costs: the whole run, each front end, and the search for secrets. `cargo bench` runs them.

use std::fs;
use std::path::Path;

use divan::counter::{BytesCount, ItemsCount};
use divan::{Bencher, black_box};
use launchcheck::collect::{Class, File, Kind};
use launchcheck::judge::conditions::exposure::scan_file;
use launchcheck::model::Language;
use launchcheck::rules::secrets::Shapes;
use launchcheck::{Options, audit, lower};

fn main() {
    divan::main();
}

/// One route per file, as the front ends see them.
const SOURCES: [(Language, &str, &str); 3] = [
    (
        Language::Python,
        "py",
        r#"
import os
from fastapi import APIRouter, HTTPException
from openai import AsyncOpenAI

router = APIRouter()
client = AsyncOpenAI(api_key=os.environ["OPENAI_API_KEY"], timeout=30)

@router.post("/answer/NUMBER")
async def answer(question: str, style: str = "short") -> dict:
    try:
        messages = [{"role": "user", "content": f"{question} ({style})"}]
        reply = await client.chat.completions.create(model="gpt-4.1", messages=messages, max_tokens=500)
        return {"answer": reply.choices[0].message.content}
    except Exception as error:
        raise HTTPException(500, detail=str(error))
"#,
    ),
    (
        Language::TypeScript,
        "ts",
        r#"
import { streamText } from "ai";
import { openai } from "@ai-sdk/openai";

export async function POST(request: Request) {
  const { messages, id } = await request.json();
  const found = await fetch(`https://api.example.com/documents/${id}`, { headers: { accept: "application/json" } });
  if (!found.ok) {
    return Response.json({ error: "not found" }, { status: 404 });
  }
  const result = streamText({ model: openai("gpt-4.1"), system: await found.text(), messages });
  return result.toDataStreamResponse();
}
"#,
    ),
    (
        Language::Rust,
        "rs",
        r#"
use axum::{Json, http::StatusCode};
use serde_json::{Value, json};

pub async fn answer(Json(body): Json<Value>) -> Result<Json<Value>, StatusCode> {
    let key = std::env::var("OPENAI_API_KEY").map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
    let reply = reqwest::Client::new()
        .post("https://api.openai.com/v1/chat/completions")
        .bearer_auth(key)
        .json(&json!({ "model": "gpt-4.1", "messages": body["messages"] }))
        .send()
        .await
        .map_err(|_| StatusCode::BAD_GATEWAY)?;
    reply.json().await.map(Json).map_err(|_| StatusCode::BAD_GATEWAY)
}
"#,
    ),
];

/// A repository with this many routes in every language, written into a folder.
fn repository(root: &Path, routes: usize) {
    let write = |path: String, text: &str| {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap_or(root)).expect("a folder");
        fs::write(path, text).expect("a file");
    };
    write("package.json".into(), r#"{ "dependencies": { "next": "15", "ai": "4", "@ai-sdk/openai": "1" } }"#);
    write("requirements.txt".into(), "fastapi\nopenai\n");
    write("Cargo.toml".into(), "[package]\nname = \"answers\"\nversion = \"0.1.0\"\n[dependencies]\naxum = \"0.8\"\n");
    for number in 0..routes {
        for (language, extension, text) in SOURCES {
            let path = match language {
                Language::TypeScript => format!("app/api/answer{number}/route.ts"),
                _ => format!("src/answer{number}.{extension}"),
            };
            write(path, &text.replace("NUMBER", &number.to_string()));
        }
    }
}

#[divan::bench(args = [10, 100], sample_count = 10)]
fn whole_audit(bencher: Bencher, routes: usize) {
    let folder = tempfile::tempdir().expect("a folder");
    repository(folder.path(), routes);
    bencher
        .counter(ItemsCount::new(routes * SOURCES.len()))
        .bench(|| audit(black_box(folder.path()), &Options::default()).expect("a report"));
}

#[divan::bench(args = ["py", "ts", "rs"])]
fn lowering(bencher: Bencher, extension: &str) {
    let (language, _, text) = SOURCES.into_iter().find(|(_, own, _)| *own == extension).expect("a language");
    let text = text.repeat(100);
    bencher
        .counter(BytesCount::of_str(&text))
        .bench(|| lower::lower(&format!("src/answer.{extension}"), black_box(&text), language));
}

#[divan::bench]
fn secrets(bencher: Bencher) {
    let shapes = Shapes::built_in().expect("valid shapes");
    let text = SOURCES.map(|(_, _, text)| text).concat().repeat(100);
    let file = File {
        path: "src/answer.py".into(),
        class: Class::Ships,
        reason: String::new(),
        kind: Kind::Code(Language::Python),
        tracked: true,
        ignored: false,
        bytes: text.len() as u64,
    };
    bencher
        .counter(BytesCount::of_str(&text))
        .bench(|| scan_file(black_box(&file.path), black_box(&text), Class::Ships, &shapes));
}
