//! Reports made by hand: an ordinary one, and one that holds everything a hostile repository can put into it.

use launchcheck::{
    rules::packs::{Because, Packs, Reason},
    verdict::{
        Answer, Attested, Audit, Comparison, Confidence, Coverage, EntryPoint, EnvVar, Evidence, Excerpt, Exemption,
        ExemptionKind, ExternalCall, Feeds, Finding, Gate, Inventory, Item, LlmCall, Location, Report, Retry, Spot,
        StaleEntry, Standing, Suppression, Text, Unread, UnusedSuppression, Verdict,
    },
};

/// A workflow command, terminal escapes, a bidirectional override, a bell, a line break, a zero-width space.
pub(crate) const HOSTILE: &str = "\n::error file=a::b ##[group]\u{1b}[31m\u{202e}\u{7}\r\n\t\u{200b}\u{9b}";

pub(crate) fn packs() -> Packs {
    Packs::clone(&Packs::shared(None).expect("the built-in packs are valid"))
}

pub(crate) fn place(path: &str, line: u32, column: u32) -> Location {
    Location { path: path.to_owned(), line, column, end_line: line, end_column: column + 9 }
}

fn same(text: &str) -> Text {
    Text { en: text.to_owned(), ko: text.to_owned() }
}

fn excerpt(first_line: u32, text: &str, marked: &str) -> Option<Excerpt> {
    let start = text.find(marked)?;
    Some(Excerpt { first_line, text: text.to_owned(), start, end: start + marked.len() })
}

pub(crate) fn finding(item: Item, rule: &str, variant: &str, values: &[(&str, &str)], location: Location) -> Finding {
    let packs = packs();
    let values: Vec<(&str, String)> = values.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
    let language = if location.path.ends_with(".ts") { "typescript" } else { "python" };
    Finding {
        rule: rule.to_owned(),
        item,
        confidence: Confidence::Certain,
        message: packs.message(rule, variant, &values),
        help: packs.help(rule, Some(language)),
        location,
        related: Vec::new(),
        fingerprint: "0123456789abcdef".to_owned(),
        signature: "fedcba9876543210".to_owned(),
        suppressed: None,
        standing: None,
        moved_from: None,
        excerpt: None,
    }
}

fn findings() -> Vec<Finding> {
    let source = "import requests\n\ndef 검색(질의: str) -> str:\n\t결과 = requests.get(주소 + 질의)  # 🙂\n\treturn 결과.text\n";
    let mut timeout =
        finding(Item::A1, "missing-timeout", "none", &[("api", "requests.get")], place("앱/검색.py", 4, 7));
    timeout.excerpt = excerpt(1, source, "requests.get(주소 + 질의)");
    timeout.related.push(Evidence {
        location: place("앱/설정.py", 12, 1),
        message: Text { en: "the session is made here".into(), ko: "세션을 여기서 만듭니다".into() },
    });
    let crlf = "const a = 1;\r\n\tconst 답 = await client.chat.completions.create({\r\n\t  model,\r\n\t});\r\n";
    let values = [("api", "openai.chat.completions.create"), ("seconds", "600")];
    let mut default =
        finding(Item::A1, "missing-timeout", "default", &values, place("web/app/api/chat/route.ts", 31, 18));
    default.excerpt = excerpt(30, crlf, "client.chat.completions.create({\r\n\t  model,\r\n\t})");
    default.confidence = Confidence::Likely;
    let mut all = vec![timeout, default];
    for line in 1..=4 {
        all.push(finding(Item::A1, "missing-timeout", "off", &[("api", "httpx.get")], place("lib/client.py", line, 5)));
    }
    let values = [("entry", "POST /api/chat"), ("api", "openai.chat.completions.create"), ("guard", "limiter")];
    let mut limit = finding(Item::C1, "missing-rate-limit", "not-wired", &values, place("api/main.py", 14, 1));
    limit.excerpt = excerpt(14, "@app.post(\"/api/chat\")\nasync def chat(body: Chat):\n", "@app.post(\"/api/chat\")");
    all.push(limit);
    let values = [("entry", "POST /api/chat"), ("missing", "duration,error")];
    let mut log = finding(Item::V1, "unlogged-entry-point", "partial", &values, place("api/main.py", 14, 1));
    log.suppressed = Some(Suppression { by: "comment".into(), reason: "logged by the gateway".into() });
    all.push(log);
    let mut note =
        finding(Item::A2, "stacked-retries", "note", &[("detail", "3 × 3 = 9")], place("api/main.py", 20, 9));
    note.confidence = Confidence::Note;
    all.push(note);
    all
}

fn answers(findings: &[Finding]) -> Vec<Answer> {
    let packs = packs();
    let answer = |item: Item| {
        let own: Vec<usize> =
            findings.iter().enumerate().filter(|(_, each)| each.item == item).map(|(index, _)| index).collect();
        let open = own
            .iter()
            .filter_map(|index| findings.get(*index))
            .filter(|each| each.confidence != Confidence::Note && each.suppressed.is_none())
            .count();
        let (verdict, because) = match item {
            Item::T2 => (Verdict::NotApplicable, Because::NotApplicable(Reason::NoHistory)),
            Item::C2 => (Verdict::Attested, Because::Pass),
            _ if open > 0 => (Verdict::Fail, Because::Fail(open)),
            _ => (Verdict::Pass, Because::Pass),
        };
        let evidence = match verdict {
            Verdict::Pass => vec![Evidence { location: place("api/main.py", 3, 1), message: same("guard") }],
            _ => Vec::new(),
        };
        let attested = (verdict == Verdict::Attested).then(|| Attested {
            by: "kim".into(),
            reason: "project budget at the provider".into(),
            expires: "2031-12-31".into(),
        });
        Answer { item, verdict, because: packs.because(item, because), evidence, findings: own, attested, before: None }
    };
    Item::ALL.into_iter().map(answer).collect()
}

/// A report as a Korean team might get it.
pub(crate) fn ordinary() -> Report {
    let findings = findings();
    let mut coverage = Coverage { read: 38, shipping: 41, ..Coverage::default() };
    coverage.files = [("ships", 41), ("test", 12), ("docs", 3)].map(|(class, n)| (class.to_owned(), n)).into();
    coverage.partial.push(Unread { path: "a.py".into(), why: same("syntax error in line 3") });
    let entry_point = EntryPoint {
        path: "api/main.py".into(),
        line: 14,
        end_line: 20,
        kind: "http".into(),
        name: "POST /api/chat".into(),
        public: true,
        reaches_llm: true,
        logged: false,
        rate_limited: false,
        input_limited: true,
    };
    let call = LlmCall {
        path: "api/main.py".into(),
        line: 18,
        end_line: 19,
        api: "openai.chat.completions.create".into(),
        max_tokens: true,
        timeout: false,
        retry: true,
        entry_points: vec![0],
    };
    let path = "앱/검색.py".to_owned();
    let inventory = Inventory {
        entry_points: vec![entry_point],
        llm_calls: vec![call],
        external_calls: vec![ExternalCall {
            path: path.clone(),
            line: 4,
            end_line: 4,
            api: "requests.get".into(),
            timeout: false,
        }],
        retries: vec![Retry { path: path.clone(), line: 4, end_line: 9, bounded: true, exponential: false }],
        env_vars: vec![EnvVar {
            name: "OPENAI_API_KEY".into(),
            path: path.clone(),
            line: 1,
            checked: true,
            feeds: Feeds::Credential,
            checked_at: Some(Spot { path, line: 3 }),
        }],
        optional_vars: Vec::new(),
    };
    let gate = Gate { max_unticked: 2, required: vec![Item::C1], ..Gate::default() };
    let audit = Audit { boxes: answers(&findings), findings, coverage, inventory, gate, comparison: None };
    Report { audit, apps: Vec::new(), prefix: String::new(), timings: vec![("collect".into(), 1.5)] }
}

/// The same report as a pull request gets it: held against a revision and a baseline, with exemptions of every kind,
/// leftovers, and the gate on additions only.
pub(crate) fn compared() -> Report {
    let mut report = ordinary();
    let audit = &mut report.audit;
    for (index, finding) in audit.findings.iter_mut().enumerate() {
        finding.standing = Some(if index % 2 == 0 { Standing::Known } else { Standing::New });
    }
    if let Some(moved) = audit.findings.iter_mut().find(|finding| finding.standing == Some(Standing::Known)) {
        moved.moved_from = Some("이전/검색.py".to_owned());
    }
    for (index, answer) in audit.boxes.iter_mut().enumerate() {
        answer.before = Some(if index % 3 == 0 { Verdict::Fail } else { Verdict::Pass });
    }
    let gone = finding(Item::A3, "no-fallback", "rethrown", &[("api", "openai.chat")], place("api/old.py", 7, 3));
    let gone = Finding { standing: Some(Standing::Gone), ..gone };
    let stale = StaleEntry {
        rule: "missing-max-tokens".into(),
        path: "api/old.py".into(),
        fingerprint: "00112233445566aa".into(),
    };
    audit.comparison = Some(Comparison {
        since: Some("origin/main".into()),
        baseline: Some("launchcheck-baseline.toml".into()),
        gone: vec![gone],
        stale: vec![stale],
    });
    audit.coverage.unchecked.push(Unread { path: "data/공유.sql".into(), why: same("permission denied") });
    let gate = &mut audit.gate;
    (gate.new_only, gate.strict, gate.complete) = (true, true, true);
    gate.exemptions = exemptions();
    gate.unused = vec![UnusedSuppression { ids: vec!["A1".into()], location: place("api/main.py", 30, 5) }];
    report
}

/// One of each kind, every other one new.
fn exemptions() -> Vec<Exemption> {
    let kinds = [
        (ExemptionKind::Attestation, "C2"),
        (ExemptionKind::Exclusion, "legacy/**"),
        (ExemptionKind::NotPublic, "POST /internal"),
        (ExemptionKind::Fact, "core.llm.ask"),
        (ExemptionKind::Comment, "missing-timeout"),
        (ExemptionKind::Fingerprint, "0123456789abcdef"),
        (ExemptionKind::Baseline, "4"),
        (ExemptionKind::MaxUnticked, "5"),
        (ExemptionKind::Require, "E2"),
    ];
    let exemption = |(index, (kind, subject)): (usize, (ExemptionKind, &str))| Exemption {
        kind,
        subject: subject.to_owned(),
        by: if kind == ExemptionKind::Attestation { "kim".to_owned() } else { String::new() },
        reason: "the gateway does it | 게이트웨이가 합니다".to_owned(),
        expires: (kind == ExemptionKind::Attestation).then(|| "2031-12-31".to_owned()),
        location: place("launchcheck.toml", u32::try_from(index).unwrap_or(0) + 1, 1),
        standing: Some(if index % 2 == 0 { Standing::New } else { Standing::Known }),
    };
    kinds.into_iter().enumerate().map(exemption).collect()
}

/// A report in which every text of the repository is hostile.
pub(crate) fn hostile() -> Report {
    let mut report = compared();
    let audit = &mut report.audit;
    let spoil = |text: &mut String| text.insert_str(text.chars().next().map_or(0, char::len_utf8), HOSTILE);
    for finding in &mut audit.findings {
        spoil(&mut finding.location.path);
        spoil(&mut finding.message.en);
        spoil(&mut finding.message.ko);
        spoil(&mut finding.help.en);
        finding.help.ko = format!("::error::x {}", finding.help.ko);
        finding.moved_from.as_mut().map(spoil);
        for related in &mut finding.related {
            spoil(&mut related.location.path);
            spoil(&mut related.message.en);
        }
        if let Some(suppression) = &mut finding.suppressed {
            spoil(&mut suppression.reason);
        }
        if let Some(excerpt) = &mut finding.excerpt {
            let head = format!("::error::first{}\n", HOSTILE.replace('\n', " "));
            excerpt.text.insert_str(0, &head);
            excerpt.start += head.len();
            excerpt.end += head.len();
        }
    }
    for answer in &mut audit.boxes {
        spoil(&mut answer.because.en);
        spoil(&mut answer.because.ko);
        for evidence in &mut answer.evidence {
            spoil(&mut evidence.location.path);
        }
        if let Some(attested) = &mut answer.attested {
            spoil(&mut attested.reason);
        }
    }
    for exemption in &mut audit.gate.exemptions {
        spoil(&mut exemption.subject);
        spoil(&mut exemption.by);
        spoil(&mut exemption.reason);
        spoil(&mut exemption.location.path);
    }
    for unused in &mut audit.gate.unused {
        unused.ids.iter_mut().for_each(spoil);
        spoil(&mut unused.location.path);
    }
    if let Some(comparison) = &mut audit.comparison {
        comparison.since.as_mut().map(spoil);
        comparison.baseline.as_mut().map(spoil);
        comparison.gone.iter_mut().for_each(|gone| spoil(&mut gone.location.path));
        comparison.stale.iter_mut().for_each(|stale| spoil(&mut stale.path));
    }
    for file in &mut audit.coverage.unchecked {
        spoil(&mut file.path);
    }
    for file in &mut audit.coverage.partial {
        spoil(&mut file.path);
        spoil(&mut file.why.en);
    }
    audit.coverage.unread = audit.coverage.partial.clone();
    for each in &mut audit.inventory.entry_points {
        spoil(&mut each.name);
        spoil(&mut each.path);
    }
    for each in &mut audit.inventory.env_vars {
        spoil(&mut each.name);
    }
    report
}
