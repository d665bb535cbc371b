//! What was found in whole trees, kept from run to run outside of them: a second audit of an unchanged tree is the first
//! one, and a commit hook compares the tree on disk with a revision that an earlier run has audited, most often as its own
//! tree on disk.
//!
//! What is kept is named by everything that it depends on. Whatever is wrong with it, it is not there: the tree is then
//! audited.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use gix_hash::Kind;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::Options;
use crate::collect::{Tree, stamp};
use crate::verdict::*;

/// Trees that are kept. Beyond them the ones that were asked for longest ago go.
const TREES: usize = 32;
/// Bytes of one tree. Who has more findings does not wait for a hook.
const BYTES: u64 = 16 * 1024 * 1024;

/// A folder of trees.
#[derive(Clone, Debug)]
pub(super) struct Cache {
    folder: PathBuf,
}

/// The name of a tree among them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Key(String);

/// What is kept of a tree: what another one is compared with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Kept {
    pub(super) verdicts: BTreeMap<Item, Verdict>,
    pub(super) findings: Vec<Finding>,
    pub(super) exemptions: Vec<Exemption>,
}

impl Kept {
    pub(super) fn of(answers: &[Answer], findings: Vec<Finding>, exemptions: Vec<Exemption>) -> Kept {
        let verdicts = answers.iter().map(|answer| (answer.item, answer.verdict)).collect();
        Kept { verdicts, findings, exemptions }
    }
}

/// What is kept of an audit: all of it, as it is reported.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct KeptAudit {
    boxes: Vec<Answer>,
    findings: Vec<Finding>,
    /// Of each finding: no machine format has them.
    excerpts: Vec<Option<Excerpt>>,
    coverage: Coverage,
    inventory: Inventory,
    /// Of the inventory.
    optional_vars: Vec<EnvVar>,
    gate: Gate,
    comparison: Option<Comparison>,
}

impl KeptAudit {
    pub(super) fn of(audit: &Audit) -> KeptAudit {
        let Audit { boxes, findings, coverage, inventory, gate, comparison } = audit.clone();
        let excerpts = findings.iter().map(|finding| finding.excerpt.clone()).collect();
        let optional_vars = inventory.optional_vars.clone();
        KeptAudit { boxes, findings, excerpts, coverage, inventory, optional_vars, gate, comparison }
    }

    pub(super) fn audit(self) -> Audit {
        let KeptAudit { boxes, mut findings, excerpts, coverage, mut inventory, optional_vars, gate, comparison } =
            self;
        for (finding, excerpt) in findings.iter_mut().zip(excerpts) {
            finding.excerpt = excerpt;
        }
        inventory.optional_vars = optional_vars;
        Audit { boxes, findings, coverage, inventory, gate, comparison }
    }
}

impl Key {
    /// The name of an audit of a tree on disk by these terms, if what is found there depends on nothing else.
    pub(super) fn of_audit(root: &Path, tree: &Tree, options: &Options) -> Option<Key> {
        if options.changed_since.is_some() || options.history {
            return None;
        }
        let stamp = stamp(root, tree, SystemTime::now())?;
        let terms = Options { cache: None, threads: None, ..options.clone() };
        Some(Key::of(&format!("{stamp}\n{terms:?}"), options))
    }

    /// The name of a tree with this content, audited by this program today. An attestation may end with a day.
    pub(super) fn of(print: &str, options: &Options) -> Key {
        let program = std::env::current_exe().and_then(fs::metadata).ok();
        let built = program.as_ref().and_then(|program| program.modified().ok()).unwrap_or(SystemTime::UNIX_EPOCH);
        let built = built.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_nanos();
        let size = program.map_or(0, |program| program.len());
        let today = options.today.as_deref().unwrap_or_default();
        let parts = [env!("CARGO_PKG_VERSION"), &size.to_string(), &built.to_string(), today, print];
        let mut hasher = gix_hash::hasher(Kind::Sha1);
        hasher.update(parts.join("\n").as_bytes());
        Key(hasher.try_finalize().map_or_else(|_| String::new(), |id| id.to_string()))
    }
}

impl Cache {
    /// Where it is of use: what is found depends on nothing but what stands in the tree.
    pub(super) fn of(options: &Options, tree: &Tree) -> Option<Cache> {
        let is_alone = options.rules.is_none() && !options.is_imposed && tree.prefix.is_empty();
        Some(Cache { folder: options.cache.clone()? }).filter(|_| is_alone)
    }

    fn path(&self, key: &Key) -> PathBuf {
        self.folder.join(format!("{}.json", key.0))
    }

    pub(super) fn find<T: DeserializeOwned>(&self, key: &Key) -> Option<T> {
        let file = fs::File::open(self.path(key)).ok()?;
        if file.metadata().ok()?.len() > BYTES {
            return None;
        }
        // When it was asked for last says which ones may go.
        let _ = file.set_modified(SystemTime::now());
        serde_json::from_reader(std::io::BufReader::new(file)).ok()
    }

    /// Keeps what was found in a tree, where the system lets us. Another run at the same time finds a whole file or none.
    pub(super) fn keep<T: Serialize>(&self, key: &Key, kept: &T) {
        let Ok(text) = serde_json::to_vec(kept) else { return };
        if text.len() as u64 > BYTES || fs::create_dir_all(&self.folder).is_err() {
            return;
        }
        let fresh = self.folder.join(format!("{}.{}.part", key.0, std::process::id()));
        if fs::write(&fresh, text).and_then(|()| fs::rename(&fresh, self.path(key))).is_err() {
            let _ = fs::remove_file(&fresh);
        }
        self.prune();
    }

    fn prune(&self) {
        let Ok(entries) = fs::read_dir(&self.folder) else { return };
        let mut files: Vec<(SystemTime, PathBuf)> = entries
            .filter_map(|entry| {
                let entry = entry.ok()?;
                Some((entry.metadata().ok()?.modified().ok()?, entry.path()))
            })
            .collect();
        files.sort_unstable();
        let surplus = files.len().saturating_sub(TREES);
        for (_, path) in files.into_iter().take(surplus) {
            let _ = fs::remove_file(path);
        }
    }
}
