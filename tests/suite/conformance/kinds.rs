//! Every shape of the study, made anew: written from its table, and not from what the tool knows.

use super::maker::Maker;

/// What tells that a value is a credential.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum ToldBy {
    Form,
    /// The name of its issuer beside it.
    Name,
    /// A name that anything could have: in tests and documentation such values do not count.
    Word,
}

/// One kind of credential.
pub(super) struct Kind {
    pub(super) name: &'static str,
    /// The variable that its users keep it in.
    pub(super) variable: &'static str,
    pub(super) told_by: ToldBy,
    pub(super) make: fn(&mut Maker) -> String,
}

const fn formed(name: &'static str, variable: &'static str, make: fn(&mut Maker) -> String) -> Kind {
    Kind { name, variable, told_by: ToldBy::Form, make }
}

const fn named(name: &'static str, variable: &'static str, make: fn(&mut Maker) -> String) -> Kind {
    Kind { name, variable, told_by: ToldBy::Name, make }
}

const fn worded(name: &'static str, variable: &'static str, make: fn(&mut Maker) -> String) -> Kind {
    Kind { name, variable, told_by: ToldBy::Word, make }
}

/// The mark in the middle of OpenAI's keys.
fn openai(maker: &mut Maker, prefix: &str, half: usize) -> String {
    format!("{prefix}{}T3BlbkFJ{}", maker.url(half), maker.url(half))
}

fn anthropic(maker: &mut Maker, prefix: &str) -> String {
    format!("sk-ant-{prefix}-{}AA", maker.url(93))
}

pub(super) const KINDS: &[Kind] = &[
    formed("OpenAI legacy", "OPENAI_API_KEY", |m| format!("sk-{}T3BlbkFJ{}", m.alphanumeric(20), m.alphanumeric(20))),
    formed("OpenAI project", "OPENAI_API_KEY", |m| openai(m, "sk-proj-", 74)),
    formed("OpenAI project, shorter", "OPENAI_API_KEY", |m| openai(m, "sk-proj-", 58)),
    formed("OpenAI project, early", "OPENAI_API_KEY", |m| openai(m, "sk-proj-", 20)),
    formed("OpenAI service account", "OPENAI_API_KEY", |m| openai(m, "sk-svcacct-", 74)),
    formed("OpenAI administrator", "OPENAI_ADMIN_KEY", |m| openai(m, "sk-admin-", 58)),
    formed("OpenAI without project", "OPENAI_API_KEY", |m| openai(m, "sk-None-", 58)),
    formed("Anthropic", "ANTHROPIC_API_KEY", |m| anthropic(m, "api03")),
    formed("Anthropic, later form", "ANTHROPIC_API_KEY", |m| anthropic(m, "api07")),
    formed("Anthropic administrator", "ANTHROPIC_ADMIN_KEY", |m| anthropic(m, "admin01")),
    formed("Anthropic OAuth", "CLAUDE_CODE_OAUTH_TOKEN", |m| anthropic(m, "oat01")),
    formed("Gemini as a Google key", "GEMINI_API_KEY", |m| format!("AIzaSy{}{}", m.one_of("ABCD"), m.url(32))),
    formed("Gemini, new form", "GEMINI_API_KEY", |m| format!("AQ.Ab8RN6{}", m.url(44))),
    formed("Azure OpenAI", "AZURE_OPENAI_API_KEY", |m| {
        format!(
            "{}JQQJ99{}AC{}ACOG{}",
            m.alphanumeric(52),
            m.letters(2).to_uppercase(),
            m.alphanumeric(16),
            m.alphanumeric(4)
        )
    }),
    named("Azure OpenAI, old", "AZURE_OPENAI_API_KEY", |m| m.hex(32)),
    formed("AWS access key", "AWS_ACCESS_KEY_ID", |m| format!("AKIA{}", m.base32(16))),
    formed("AWS session key", "AWS_ACCESS_KEY_ID", |m| format!("ASIA{}", m.base32(16))),
    named("AWS secret key", "AWS_SECRET_ACCESS_KEY", |m| m.base64(40)),
    formed("Bedrock", "AWS_BEARER_TOKEN_BEDROCK", |m| {
        let text = format!("BedrockAPIKey-{}-at-{}:{}", m.alphanumeric(4), m.digits(12), m.alphanumeric(60));
        format!("ABSK{}", crate::keys::base64url(text.as_bytes()))
    }),
    formed("Bedrock, short lived", "AWS_BEARER_TOKEN_BEDROCK", |m| {
        format!("bedrock-api-key-YmVkcm9jay5hbWF6b25hd3MuY29t{}", m.base64(180))
    }),
    named("Mistral", "MISTRAL_API_KEY", |m| m.alphanumeric(32)),
    named("Cohere", "COHERE_API_KEY", |m| m.alphanumeric(40)),
    named("Cohere, short name", "CO_API_KEY", |m| m.alphanumeric(40)),
    formed("Groq", "GROQ_API_KEY", |m| format!("gsk_{}WGdyb3FY{}", m.alphanumeric(20), m.alphanumeric(24))),
    formed("Hugging Face", "HF_TOKEN", |m| format!("hf_{}", m.letters(34))),
    formed("Hugging Face organisation", "HF_TOKEN", |m| format!("api_org_{}", m.letters(34))),
    formed("Replicate", "REPLICATE_API_TOKEN", |m| format!("r8_{}", m.alphanumeric(37))),
    formed("Together", "TOGETHER_API_KEY", |m| format!("tgp_v1_{}", m.url(43))),
    named("Together, old", "TOGETHER_API_KEY", |m| m.hex(64)),
    formed("Fireworks", "FIREWORKS_API_KEY", |m| format!("fw_3Z{}", m.alphanumeric(22))),
    formed("Perplexity", "PERPLEXITY_API_KEY", |m| format!("pplx-{}", m.alphanumeric(48))),
    formed("OpenRouter", "OPENROUTER_API_KEY", |m| format!("sk-or-v1-{}", m.hex(64))),
    formed("DeepSeek", "DEEPSEEK_API_KEY", |m| format!("sk-{}", m.hex(32))),
    formed("xAI", "XAI_API_KEY", |m| format!("xai-{}", m.alphanumeric(80))),
    formed("ElevenLabs", "ELEVENLABS_API_KEY", |m| format!("sk_{}", m.hex(48))),
    named("ElevenLabs, old", "ELEVENLABS_API_KEY", |m| m.hex(32)),
    formed("LangSmith personal", "LANGSMITH_API_KEY", |m| format!("lsv2_pt_{}_{}", m.hex(32), m.hex(10))),
    formed("LangSmith service", "LANGSMITH_API_KEY", |m| format!("lsv2_sk_{}_{}", m.hex(32), m.hex(10))),
    formed("Langfuse", "LANGFUSE_SECRET_KEY", |m| format!("sk-lf-{}", m.uuid())),
    formed("Pinecone", "PINECONE_API_KEY", |m| format!("pcsk_{}_{}", m.alphanumeric(6), m.alphanumeric(63))),
    named("Pinecone, old", "PINECONE_API_KEY", Maker::uuid),
    named("Weaviate", "WEAVIATE_API_KEY", |m| m.alphanumeric(36)),
    formed("Stability", "STABILITY_API_KEY", |m| format!("sk-{}", m.alphanumeric(48))),
    named("Deepgram", "DEEPGRAM_API_KEY", |m| m.hex(40)),
    named("AssemblyAI", "ASSEMBLYAI_API_KEY", |m| m.hex(32)),
    named("Weights & Biases", "WANDB_API_KEY", |m| m.hex(40)),
    formed("Weights & Biases, new", "WANDB_API_KEY", |m| format!("wandb_v1_{}", m.url(77))),
    formed("Cerebras", "CEREBRAS_API_KEY", |m| format!("csk-{}", m.alphanumeric(48))),
    formed("NVIDIA", "NVIDIA_API_KEY", |m| format!("nvapi-{}", m.url(64))),
    formed("Voyage", "VOYAGE_API_KEY", |m| format!("pa-{}", m.url(43))),
    formed("Cursor", "CURSOR_API_KEY", |m| format!("key_{}", m.hex(64))),
    formed("Upstage", "UPSTAGE_API_KEY", |m| format!("up_{}", m.alphanumeric(29))),
    formed("CLOVA Studio", "CLOVASTUDIO_API_KEY", |m| format!("nv-{}{}", m.hex(32), m.alphanumeric(4))),
    formed("Supabase secret", "SUPABASE_SECRET_KEY", |m| format!("sb_secret_{}_{}", m.url(22), m.url(8))),
    formed("Supabase service role", "SUPABASE_SERVICE_ROLE_KEY", |m| {
        let project = m.hex(20);
        m.token(&[("iss", "supabase"), ("ref", &project), ("role", "service_role")])
    }),
    formed("Supabase personal", "SUPABASE_ACCESS_TOKEN", |m| format!("sbp_{}", m.hex(40))),
    formed("Stripe", "STRIPE_SECRET_KEY", |m| format!("sk_live_{}", m.alphanumeric(99))),
    formed("Stripe, short", "STRIPE_SECRET_KEY", |m| format!("sk_live_{}", m.alphanumeric(24))),
    formed("Stripe restricted", "STRIPE_SECRET_KEY", |m| format!("rk_live_{}", m.alphanumeric(99))),
    formed("Stripe webhook", "STRIPE_WEBHOOK_SECRET", |m| format!("whsec_{}", m.alphanumeric(32))),
    formed("Stripe test", "STRIPE_SECRET_KEY", |m| format!("sk_test_{}", m.alphanumeric(99))),
    formed("Clerk", "CLERK_SECRET_KEY", |m| format!("sk_live_{}", m.alphanumeric(42))),
    formed("Resend", "RESEND_API_KEY", |m| format!("re_{}_{}", m.base58(8), m.base58(24))),
    formed("SendGrid", "SENDGRID_API_KEY", |m| format!("SG.{}.{}", m.url(22), m.url(43))),
    formed("Twilio", "TWILIO_API_KEY", |m| format!("SK{}", m.hex(32))),
    named("Twilio token", "TWILIO_AUTH_TOKEN", |m| m.hex(32)),
    formed("GitHub personal", "GITHUB_TOKEN", |m| m.summed("ghp_")),
    formed("GitHub OAuth", "GITHUB_TOKEN", |m| m.summed("gho_")),
    formed("GitHub user to server", "GITHUB_TOKEN", |m| m.summed("ghu_")),
    formed("GitHub server", "GITHUB_TOKEN", |m| m.summed("ghs_")),
    formed("GitHub refresh", "GITHUB_REFRESH_TOKEN", |m| format!("ghr_{}", m.alphanumeric(76))),
    formed("GitHub fine grained", "GITHUB_TOKEN", |m| {
        format!("github_pat_{}_{}", m.alphanumeric(22), m.alphanumeric(59))
    }),
    formed("GitHub application", "GITHUB_TOKEN", |m| {
        let number = m.digits(7);
        format!("ghs_{number}_{}", m.token(&[("iss", "12345"), ("typ", "installation")]))
    }),
    formed("npm", "NPM_TOKEN", |m| m.summed("npm_")),
    formed("PyPI", "TWINE_PASSWORD", |m| format!("pypi-AgEIcHlwaS5vcmc{}", m.url(140))),
    formed("Slack bot", "SLACK_BOT_TOKEN", |m| {
        format!("xoxb-{}-{}-{}", m.digits(12), m.digits(13), m.alphanumeric(24))
    }),
    formed("Slack application", "SLACK_APP_TOKEN", |m| {
        format!("xapp-1-A{}-{}-{}", m.alphanumeric(10).to_uppercase(), m.digits(13), m.hex(64))
    }),
    formed("Slack hook", "SLACK_WEBHOOK_URL", |m| {
        let part = |m: &mut Maker| m.alphanumeric(9).to_uppercase();
        format!("https://hooks.slack.com/services/T{}/B{}/{}", part(m), part(m), m.alphanumeric(24))
    }),
    formed("Discord bot", "DISCORD_TOKEN", |m| {
        let number = format!("1{}", m.digits(17));
        format!("{}.{}.{}", crate::keys::base64url(number.as_bytes()), m.url(6), m.url(38))
    }),
    formed("Discord hook", "DISCORD_WEBHOOK_URL", |m| {
        format!("https://discord.com/api/webhooks/1{}/{}", m.digits(18), m.url(68))
    }),
    formed("Telegram", "TELEGRAM_BOT_TOKEN", |m| format!("7{}:AA{}", m.digits(9), m.url(33))),
    formed("Vercel", "VERCEL_TOKEN", |m| format!("vcp_{}", m.alphanumeric(56))),
    formed("Vercel gateway", "AI_GATEWAY_API_KEY", |m| format!("vck_{}", m.alphanumeric(56))),
    named("Vercel, old", "VERCEL_TOKEN", |m| m.alphanumeric(24)),
    named("Upstash", "UPSTASH_REDIS_REST_TOKEN", |m| format!("A{}=", m.base64(55))),
    formed("Neon password", "PGPASSWORD", |m| format!("npg_{}", m.alphanumeric(12))),
    formed("Neon management", "NEON_API_KEY", |m| format!("napi_{}", m.alphanumeric(64))),
    formed("PostgreSQL address", "DATABASE_URL", |m| {
        format!("postgresql://app_owner:{}@ep-cool-{}.eu-central-1.aws.neon.tech/app", m.alphanumeric(16), m.hex(8))
    }),
    worded("MySQL address", "DATABASE_URL", |m| {
        format!("mysql://admin:{}@db.shop.{}.com:3306/shop", m.alphanumeric(18), m.hex(6))
    }),
    formed("MongoDB address", "MONGODB_URI", |m| {
        format!("mongodb+srv://service:{}@cluster0.{}.mongodb.net/app", m.alphanumeric(16), m.hex(7))
    }),
    formed("Redis address", "REDIS_URL", |m| {
        format!("rediss://default:{}@eu1-{}.upstash.io:6379", m.alphanumeric(32), m.hex(6))
    }),
    formed("RabbitMQ address", "AMQP_URL", |m| {
        format!("amqps://worker:{}@rat.{}.cloudamqp.com/v", m.url(32), m.hex(5))
    }),
    worded("session secret", "NEXTAUTH_SECRET", |m| format!("{}=", m.base64(43))),
    worded("signing secret", "JWT_SECRET", |m| m.hex(64)),
    worded("application secret", "SECRET_KEY", |m| m.url(43)),
    formed("Sentry organisation", "SENTRY_AUTH_TOKEN", |m| {
        let text = format!(
            "{{\"iat\":1700000000.1,\"url\":\"https://sentry.io\",\"region_url\":\"https://us.sentry.io\",\"org\":\"{}\"}}",
            m.hex(12)
        );
        format!("sntrys_{}_{}", crate::keys::base64url(text.as_bytes()), m.base64(43))
    }),
    formed("Sentry user", "SENTRY_AUTH_TOKEN", |m| format!("sntryu_{}", m.hex(64))),
    formed("Cloudflare user", "CLOUDFLARE_API_TOKEN", |m| m.summed_in_hex("cfut_")),
    formed("Cloudflare account", "CLOUDFLARE_API_TOKEN", |m| m.summed_in_hex("cfat_")),
    formed("Cloudflare global", "CLOUDFLARE_API_KEY", |m| m.summed_in_hex("cfk_")),
    named("Cloudflare, old", "CLOUDFLARE_API_TOKEN", |m| m.url(40)),
    formed("DigitalOcean", "DIGITALOCEAN_TOKEN", |m| format!("dop_v1_{}", m.hex(64))),
    formed("Naver Cloud access key", "NCLOUD_ACCESS_KEY", |m| format!("ncp_iam_BPASKR{}", m.alphanumeric(14))),
    formed("Naver Cloud main access key", "NCLOUD_ACCESS_KEY", |m| format!("ncp_iam_BPAMKR{}", m.alphanumeric(14))),
    formed("Naver Cloud secret key", "NCLOUD_SECRET_KEY", |m| format!("ncp_iam_BPKSKR{}", m.alphanumeric(28))),
    named("Kakao", "KAKAO_REST_API_KEY", |m| m.hex(32)),
    formed("Kakao header", "KAKAO_AUTHORIZATION", |m| format!("KakaoAK {}", m.hex(32))),
    formed("Toss Payments", "TOSS_SECRET_KEY", |m| format!("live_sk_{}", m.alphanumeric(28))),
    formed("Toss Payments widget", "TOSS_SECRET_KEY", |m| format!("live_gsk_{}", m.alphanumeric(28))),
    named("Naver application", "NAVER_CLIENT_SECRET", |m| m.alphanumeric(10)),
    named("PortOne", "PORTONE_API_SECRET", |m| m.alphanumeric(80)),
    named("Solapi", "SOLAPI_API_SECRET", |m| m.alphanumeric(32).to_uppercase()),
];
