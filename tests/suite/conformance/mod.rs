//! Item E2 against a set of its own: every shape of the study in every format that people write credentials in, and
//! every trap. Nothing here looks into `rules/`: what must be found is known from how the set was made.

mod contexts;
mod kinds;
mod maker;
mod redaction;
mod sample;
mod traps;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use launchcheck::verdict::{Item, Report};
use launchcheck::{Options, audit};

use contexts::{CONTEXTS, Context};
use kinds::{KINDS, ToldBy};
use maker::Maker;
use sample::{Encoding, Sample};

/// The share of reported lines that hold a credential, and of lines with a credential that are reported.
const WANTED: f64 = 0.98;

/// The share of what one kind, one format or one trap is about that must be right: none may be given up.
const WANTED_OF_EACH: f64 = 0.9;

/// A sample with what it shows: the kind or trap, and the context.
struct Shown {
    folder: String,
    subject: String,
    context: &'static str,
    sample: Sample,
}

/// Every kind in every context that can tell it.
fn leaking() -> Vec<Shown> {
    let mut all = Vec::new();
    for (number, kind) in KINDS.iter().enumerate() {
        let mut maker = Maker::of(number as u64 * 7919 + 17);
        let tells = |context: &&Context| match kind.told_by {
            ToldBy::Form => true,
            ToldBy::Name => context.has_name(),
            ToldBy::Word => context.has_name() && !context.is_documentation(),
        };
        let contexts = CONTEXTS.iter().filter(tells);
        for (place, context) in contexts.enumerate() {
            let value = (kind.make)(&mut maker);
            // A header's scheme and its value do not stand in the address of a page.
            if value.contains(' ') && context.text.contains("?k=") {
                continue;
            }
            let text = context.text.replace("{name}", kind.variable).replace("{value}", &value);
            let sample = Sample::leaking(context.path, &text, &value, context.encoding);
            let folder = format!("kind{number:03}/p{place:02}");
            all.push(Shown { folder, subject: kind.name.to_owned(), context: context.path, sample });
        }
    }
    all.extend(armoured());
    all
}

/// Private keys, which take more than one line.
fn armoured() -> Vec<Shown> {
    let mut maker = Maker::of(4711);
    let mut all = Vec::new();
    for (number, label) in ["PRIVATE", "RSA PRIVATE", "EC PRIVATE", "OPENSSH PRIVATE"].iter().enumerate() {
        let mut place = |subject: &str, path: &'static str, text: &str, key: &str| {
            let sample = Sample::leaking(path, text, key, Encoding::Utf8);
            let folder = format!("armour{number}/p{:02}", all.len());
            all.push(Shown { folder, subject: subject.to_owned(), context: path, sample });
        };
        let key = maker.armoured(label);
        let escaped = key.replace('\n', "\\n");
        let indented = key.replace('\n', "\n  ");
        place("private key", "server.pem", &format!("{key}\n"), &key);
        place("private key", "id_key", &format!("{key}\n"), &key);
        place("private key", "app/keys.py", &format!("KEY = \"\"\"{key}\"\"\"\n"), &key);
        place("private key", "src/keys.ts", &format!("const key = `{key}`;\n"), &key);
        place("private key", "k8s/secret.yaml", &format!("data:\n  key: |\n  {indented}\n"), &indented);
        place("private key", ".env.production", &format!("KEY=\"{escaped}\"\n"), &escaped);
        place("private key", "config.json", &format!("{{\"key\": \"{escaped}\"}}\n"), &escaped);
        place("private key", "src/keys.js", &format!("const key = \"{escaped}\";\n"), &escaped);
        let account = |name: &str| {
            format!(
                "{{\n  \"type\": \"service_account\",\n  \"private_key\": \"{escaped}\",\n  \"client_email\": \"{name}\",\n  \
                 \"auth_provider_x509_cert_url\": \"https://www.googleapis.com/oauth2/v1/certs\"\n}}\n"
            )
        };
        for path in ["account.json", "secrets/google.json", "docs/account.json", "app/google-key.json"] {
            place("service account", path, &account("a@b.iam.gserviceaccount.com"), &escaped);
        }
    }
    all
}

fn silent() -> Vec<Shown> {
    let mut maker = Maker::of(1313);
    let mut all = Vec::new();
    for (number, trap) in traps::all(&mut maker).into_iter().enumerate() {
        assert!(trap.samples.len() >= 4, "{}: too few contexts", trap.name);
        for (place, sample) in trap.samples.into_iter().enumerate() {
            let folder = format!("trap{number:03}/p{place:02}");
            all.push(Shown { folder, subject: trap.name.to_owned(), context: "trap", sample });
        }
    }
    all
}

fn lay_out(samples: &[Shown], root: &Path) {
    for shown in samples {
        let target = root.join(&shown.folder).join(&shown.sample.path);
        fs::create_dir_all(target.parent().expect("a file lies in a folder")).expect("a folder");
        fs::write(target, &shown.sample.bytes).expect("a written file");
    }
}

fn audited(root: &Path) -> Report {
    audit(root, &Options::default()).unwrap_or_else(|error| panic!("{error}"))
}

/// The lines that item E2 finds a value in.
fn reported(report: &Report) -> BTreeSet<(String, usize)> {
    let findings = report.audit.findings.iter().filter(|finding| finding.item == Item::E2);
    let values = findings.filter(|finding| finding.rule != "env-file-not-ignored");
    values.map(|finding| (finding.location.path.clone(), finding.location.line as usize)).collect()
}

/// How many of each subject are right, and how many there are.
#[derive(Default)]
struct Counts(BTreeMap<String, (usize, usize)>);

impl Counts {
    fn add(&mut self, subject: &str, is_right: bool) {
        let counts = self.0.entry(subject.to_owned()).or_default();
        counts.0 += usize::from(is_right);
        counts.1 += 1;
    }

    /// What falls short.
    fn below(&self, wanted: f64) -> Vec<String> {
        let falls_short = |(right, all): (usize, usize)| (right as f64) < wanted * all as f64;
        let short = self.0.iter().filter(|(_, counts)| falls_short(**counts));
        short.map(|(subject, (right, all))| format!("{subject}: {right} of {all}")).collect()
    }
}

#[test]
#[expect(clippy::print_stdout, reason = "the figures, for whoever runs the test")]
fn every_shape_is_found_in_every_format_and_no_trap() {
    let samples: Vec<Shown> = leaking().into_iter().chain(silent()).collect();
    let folder = tempfile::tempdir().expect("a temporary folder");
    lay_out(&samples, folder.path());
    let reported = reported(&audited(folder.path()));
    let mut by_path: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (path, line) in &reported {
        by_path.entry(path).or_default().push(*line);
    }
    let (mut by_subject, mut by_context) = (Counts::default(), Counts::default());
    let mut due = BTreeSet::new();
    let mut wrong = String::new();
    for shown in &samples {
        let path = format!("{}/{}", shown.folder, shown.sample.path);
        let lines = by_path.get(path.as_str()).cloned().unwrap_or_default();
        let wanted: Vec<usize> = shown.sample.line.into_iter().collect();
        due.extend(wanted.iter().map(|line| (path.clone(), *line)));
        by_subject.add(&shown.subject, lines == wanted);
        by_context.add(shown.context, lines == wanted);
        if lines != wanted {
            let _ = writeln!(wrong, "  {}: {path}: lines {lines:?}, not {wanted:?}", shown.subject);
        }
    }
    let found = due.intersection(&reported).count() as f64;
    let (precision, recall) = (found / reported.len() as f64, found / due.len() as f64);
    let traps = samples.iter().filter(|shown| shown.sample.line.is_none()).count();
    println!(
        "{} credentials of {} kinds in {} formats, {traps} traps: precision {precision:.4}, recall {recall:.4}",
        due.len(),
        KINDS.len() + 2,
        CONTEXTS.len()
    );
    if std::env::var_os("SHOW").is_some() {
        println!("{wrong}");
    }
    assert!(precision >= WANTED && recall >= WANTED, "precision {precision:.4}, recall {recall:.4}\n{wrong}");
    let short = [by_subject.below(WANTED_OF_EACH), by_context.below(WANTED_OF_EACH)].concat();
    assert!(short.is_empty(), "{short:#?}\n{wrong}");
    let snared = samples.iter().filter(|shown| shown.sample.line.is_none());
    let snared = snared.filter(|shown| wrong.contains(&format!("{}/{}:", shown.folder, shown.sample.path))).count();
    assert!(snared as f64 <= (1.0 - WANTED) * traps as f64, "{snared} of {traps} traps\n{wrong}");
}
