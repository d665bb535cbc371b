//! The tree of the revision that an audit is compared with: audited too, beside the one on disk, and what has changed
//! since then.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use crate::collect::{Contents, Limits, Revision, Tree, revision};
use crate::config::{self, Configuration, MAX_UNTICKED, NAMES};
use crate::judge::baseline::{self, Baseline};
use crate::judge::compare::{Known, mark};
use crate::judge::conditions::exposure::FileHits;
use crate::model::Module;
use crate::rules::checked::Catalogue;
use crate::source::decode;
use crate::verdict::*;
use crate::{Error, Options};

use super::cache::{Cache, Kept, Key};
use super::reader::{Read, Reader};
use super::{Clock, Prepared, Redaction, Tools, exclude, judged_of, prepare, settle_tree};

/// The tree of the revision, ready to be audited.
pub(super) struct Before {
    name: String,
    tree: Tree,
    contents: Contents,
    configuration: Configuration,
    /// What it says itself about its facts; none: the same as the tree on disk.
    catalogue: Option<Arc<Catalogue>>,
    /// What was read on disk, for the files that are the same there.
    reads: BTreeMap<String, Read>,
    /// Nothing has changed.
    is_same: bool,
    /// What an earlier run found in it.
    kept: Option<Kept>,
    /// Where what is found in it is kept, and under what.
    cache: Option<(Cache, Key)>,
    /// Under what is kept what is found in the tree on disk, which may be the next revision.
    current: Option<Key>,
}

/// What was found in the tree of the revision.
pub(super) struct Found {
    name: String,
    kept: Kept,
    configuration: Configuration,
    baseline: Option<Baseline>,
}

impl Before {
    /// Reads the tree of a revision. `current` is what was read on disk, before anything was taken out of it.
    pub(super) fn open(root: &Path, name: &str, current: &Prepared, options: &Options) -> Result<Before, Error> {
        let Revision { mut tree, contents, print, print_on_disk } =
            revision(root, name, &current.tree, Limits::default())?;
        let configuration = if options.is_imposed { options.configuration.clone() } else { configured(&contents) };
        exclude(&mut tree, &configuration);
        let facts = |of: &Configuration| of.facts.iter().map(|fact| format!("{:?}", fact.value)).collect::<Vec<_>>();
        let catalogue = if facts(&configuration) == facts(&options.configuration) {
            None
        } else {
            let own: Vec<_> = configuration.facts.iter().map(|fact| fact.value.clone()).collect();
            Some(Catalogue::shared(options.rules.as_deref(), &own)?)
        };
        let is_same = catalogue.is_none()
            && tree.files.len() == current.tree.files.len()
            && tree.files.iter().all(|file| contents.is_on_disk(&file.path));
        let cache = Cache::of(options, &current.tree);
        let key = |print: &str| Key::of(print, options);
        let kept = cache.as_ref().filter(|_| !is_same).and_then(|cache| cache.find(&key(&print)));
        let reads = if is_same || kept.is_some() { BTreeMap::new() } else { shared(&contents, current) };
        let current = print_on_disk.map(|print| key(&print));
        let cache = cache.map(|cache| (cache, key(&print)));
        Ok(Before {
            name: name.to_owned(),
            tree,
            contents,
            configuration,
            catalogue,
            reads,
            is_same,
            kept,
            cache,
            current,
        })
    }

    /// Where what is found in the tree on disk is kept, and under what.
    pub(super) fn place_of_current(&self) -> Option<(Cache, Key)> {
        let (cache, _) = self.cache.as_ref()?;
        Some((cache.clone(), self.current.clone()?))
    }

    /// Audits it, unless an earlier run has done so, or takes over what was found on disk where nothing has changed:
    /// then this gives nothing.
    pub(super) fn audit(self, tools: &Tools<'_>) -> Result<Option<Found>, Error> {
        if self.is_same {
            return Ok(None);
        }
        let Before { name, tree, contents, configuration, catalogue, reads, kept, cache, .. } = self;
        let baseline = text(&contents, baseline::FILE).and_then(|text| Baseline::parse(baseline::FILE, &text).ok());
        let kept = match kept {
            Some(kept) => kept,
            None => {
                let clock = Clock::default();
                let catalogue = catalogue.as_deref().unwrap_or(tools.catalogue);
                let tools = Tools { catalogue, clock: &clock, ..*tools };
                let kept = audited((tree, contents), reads, &configuration, &tools)?;
                if let Some((cache, key)) = cache {
                    cache.keep(&key, &kept);
                }
                kept
            }
        };
        Ok(Some(Found { name, kept, configuration, baseline }))
    }
}

/// What is found in the tree of a revision.
fn audited(
    (mut tree, contents): (Tree, Contents),
    reads: BTreeMap<String, Read>,
    configuration: &Configuration,
    tools: &Tools<'_>,
) -> Result<Kept, Error> {
    super::note_settings(&mut tree, tools.catalogue);
    let reader = Reader::new(contents, tools.catalogue, &tree.projects)?.with(reads);
    let mut prepared = prepare(tree, tools, &reader)?;
    let super::Found { mut judged, hits, .. } = judged_of(&mut prepared, &reader, tools, configuration, None, None)?;
    let settled = settle_tree(&mut judged, &prepared, configuration, tools);
    Redaction::of(hits.iter().flat_map(FileHits::values)).apply_to(&mut judged.findings);
    Ok(Kept::of(&judged.answers, judged.findings, settled.exemptions))
}

/// What was read on disk of files that are the same in the revision: not what they are, which other files decide.
fn shared(contents: &Contents, current: &Prepared) -> BTreeMap<String, Read> {
    let modules: BTreeMap<&str, &Module> =
        current.modules.iter().map(|module| (module.path.as_str(), module)).collect();
    let settings: BTreeMap<&str, _> =
        current.settings.iter().map(|settings| (settings.path.as_str(), settings)).collect();
    let files = current.tree.files.iter().zip(&current.reads);
    files
        .filter(|(file, _)| contents.is_on_disk(&file.path))
        .map(|(file, read)| {
            let mut read = read.clone();
            read.module = modules.get(file.path.as_str()).map(|module| (*module).clone());
            read.settings = settings.get(file.path.as_str()).map(|settings| (*settings).clone());
            (file.path.clone(), read)
        })
        .collect()
}

fn text(contents: &Contents, path: &str) -> Option<String> {
    decode(&contents.bytes(path).ok()?).map(|decoded| decoded.text)
}

/// The configuration of the revision. One that could not be used then bends nothing.
fn configured(contents: &Contents) -> Configuration {
    let written = config::find(&|path| text(contents, path)).ok().flatten();
    written.and_then(|written| config::check(&written).ok()).unwrap_or_default()
}

impl Found {
    /// What an unchanged tree has found before, by what it finds now.
    pub(super) fn unchanged(name: &str, now: Kept, options: &Options) -> Found {
        let (configuration, baseline) = (options.configuration.clone(), options.baseline.clone());
        Found { name: name.to_owned(), kept: now, configuration, baseline }
    }

    /// Holds an audit against what was found in the revision.
    pub(super) fn compare(self, audit: &mut Audit, options: &Options) {
        for answer in &mut audit.boxes {
            answer.before = self.kept.verdicts.get(&answer.item).copied();
        }
        let known: Vec<Known> = self.kept.findings.iter().map(Known::of).collect();
        let gone: BTreeSet<usize> = mark(&mut audit.findings, &known).into_iter().collect();
        let gone = self.kept.findings.iter().enumerate().filter(|(index, _)| gone.contains(index));
        let comparison = audit.comparison.get_or_insert_default();
        comparison.gone =
            gone.map(|(_, finding)| Finding { standing: Some(Standing::Gone), ..finding.clone() }).collect();
        comparison.since = Some(self.name.clone());
        let mut had: BTreeMap<_, usize> = BTreeMap::new();
        for exemption in &self.kept.exemptions {
            *had.entry(key(exemption)).or_default() += 1;
        }
        for exemption in &mut audit.gate.exemptions {
            let known = had.get_mut(&key(exemption)).filter(|count| **count > 0);
            exemption.standing = Some(if known.is_some() { Standing::Known } else { Standing::New });
            known.into_iter().for_each(|count| *count -= 1);
        }
        self.limits(audit, options);
        self.grown(audit, options);
        audit.gate.exemptions.sort_unstable();
    }

    /// Whether the configuration allows more than it did, or requires less.
    fn limits(&self, audit: &mut Audit, options: &Options) {
        let limit = |of: &Configuration| of.max_unticked.as_ref().map_or(MAX_UNTICKED, |limit| limit.value);
        let configuration = &options.configuration;
        let is_raised = limit(configuration) > limit(&self.configuration);
        audit.gate.exemptions.retain(|exemption| exemption.kind != ExemptionKind::MaxUnticked);
        let place = configuration.max_unticked.as_ref().map(|limit| limit.location.clone());
        if is_raised || limit(configuration) > MAX_UNTICKED {
            let standing = if is_raised { Standing::New } else { Standing::Known };
            let location = place.unwrap_or_else(|| start(configuration));
            let subject = limit(configuration).to_string();
            audit.gate.exemptions.push(plain(ExemptionKind::MaxUnticked, subject, location, standing));
        }
        let required: BTreeSet<Item> = configuration.require.iter().map(|item| item.value).collect();
        let dropped = self.configuration.require.iter().filter(|item| !required.contains(&item.value));
        let dropped = dropped
            .map(|item| plain(ExemptionKind::Require, item.value.id().to_owned(), start(configuration), Standing::New));
        audit.gate.exemptions.extend(dropped.collect::<Vec<_>>());
    }

    /// Whether the baseline knows more than it did.
    fn grown(&self, audit: &mut Audit, options: &Options) {
        let Some(baseline) = &options.baseline else { return };
        let before: BTreeSet<&str> =
            self.baseline.iter().flat_map(|before| &before.known).map(|known| known.fingerprint.as_str()).collect();
        let added = baseline.known.iter().filter(|known| !before.contains(known.fingerprint.as_str())).count();
        if added > 0 {
            let location = Location { path: baseline.path.clone(), line: 1, column: 1, end_line: 1, end_column: 1 };
            audit.gate.exemptions.push(plain(ExemptionKind::Baseline, added.to_string(), location, Standing::New));
        }
    }
}

/// What makes two exemptions the same, wherever their lines have moved.
fn key(exemption: &Exemption) -> (ExemptionKind, String, String, Option<String>) {
    let Exemption { kind, subject, expires, location, .. } = exemption;
    // A configuration may be written in another file than before.
    let place = if *kind == ExemptionKind::Comment { location.path.clone() } else { String::new() };
    (*kind, subject.clone(), place, expires.clone())
}

fn start(configuration: &Configuration) -> Location {
    let path = configuration.path.clone().unwrap_or_else(|| NAMES.first().copied().unwrap_or_default().to_owned());
    Location { path, line: 1, column: 1, end_line: 1, end_column: 1 }
}

fn plain(kind: ExemptionKind, subject: String, location: Location, standing: Standing) -> Exemption {
    let (by, reason, expires) = (String::new(), String::new(), None);
    Exemption { kind, subject, by, reason, expires, location, standing: Some(standing) }
}
