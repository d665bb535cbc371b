import os

from fastapi import FastAPI
from openai import OpenAI

if not os.getenv("OPENAI_API_KEY"):
    raise SystemExit("OPENAI_API_KEY is not set")

app = FastAPI()
client = OpenAI(api_key=os.getenv("OPENAI_API_KEY"), base_url=os.getenv("LLM_URL"))
MODEL = os.getenv("CHAT_MODEL", "gpt-5-mini")


@app.post("/chat")
def chat(question: str):
    return client.responses.create(model=MODEL, input=question)
