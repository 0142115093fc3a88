//! `tenfold slurm`: a declared experiment as jobs of a Slurm cluster.

use super::print;
use anyhow::Context;
use clap::Args;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use tenfold::internals::config::experiment::Experiment;

/// Print a script that submits a declared experiment to Slurm: an array of shards, and a job that merges them when all have ended
#[derive(Args)]
#[command(
    after_help = "Example: tenfold slurm configs/one-split.toml --shards 16 --cpus 4 --sbatch=--time=24:00:00 | bash"
)]
pub struct Arguments {
    /// What is run, as for `tenfold run`
    #[arg(value_name = "FILE.toml")]
    experiment: PathBuf,
    /// Tasks of the array, each of which runs one shard
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=1000))]
    shards: u32,
    /// Cores of each task
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1024))]
    cpus: u32,
    /// An option for `sbatch` to give all jobs, such as --sbatch=--partition=long; may be given several times
    #[arg(long, value_name = "OPTION", allow_hyphen_values = true, value_parser = parse_option)]
    sbatch: Vec<String>,
    /// Where results go: the whole into DIR, shards into DIR-1of4 and so on [default: results/NAME]
    #[arg(long, value_name = "DIR")]
    output: Option<PathBuf>,
}

/// How often a task that was killed is queued again.
const MOST_RESTARTS: u32 = 5;

/// Runs the verb.
pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    // What can't be run is said now, and not by every task.
    Experiment::load(&arguments.experiment)?;
    let name = arguments.experiment.file_stem().unwrap_or_default().to_string_lossy();
    let output = arguments.output.clone().unwrap_or_else(|| Path::new("results").join(&*name));
    let [experiment, output] = [&arguments.experiment, &output].map(|path| absolute(path));
    let program = std::env::current_exe().context("this program does not know where it is")?;
    let job = Job {
        name: name.replace(|letter: char| !letter.is_ascii_alphanumeric(), "-"),
        program: quoted(&program)?,
        experiment: quoted(&experiment?)?,
        output: quoted(&output?)?,
        arguments,
    };
    print::out(job.script())
}

fn absolute(path: &Path) -> anyhow::Result<PathBuf> {
    std::path::absolute(path).with_context(|| path.display().to_string())
}

/// What the script is made of; paths as words of a shell.
struct Job<'a> {
    name: String,
    program: String,
    experiment: String,
    output: String,
    arguments: &'a Arguments,
}

impl Job<'_> {
    fn script(&self) -> String {
        let Self { name, program, experiment, output, arguments: Arguments { shards, cpus, .. } } = self;
        let options = self.options();
        format!(
            "#!/bin/bash
# Submits an experiment to Slurm as {shards} shards, and a job that merges them. Submitted again, it goes on where it stopped.
# Made by `tenfold slurm`.
set -euo pipefail
output={output}
mkdir -p \"$output-logs\"

array=$(sbatch --parsable --output=\"$output-logs/%A-%a.log\" <<'JOB'
#!/bin/bash
#SBATCH --job-name={name}
#SBATCH --array=1-{shards}
#SBATCH --cpus-per-task={cpus}
#SBATCH --requeue
#SBATCH --open-mode=append
{options}output={output}
{program} run {experiment} --shard \"$SLURM_ARRAY_TASK_ID/{shards}\" --output \"$output-${{SLURM_ARRAY_TASK_ID}}of{shards}\"
status=$?
# Slurm itself queues a task again whose node failed or was taken away. One that was killed, for its memory perhaps, is
# queued again here. Either way the shard goes on behind its last record.
if [ $status = 137 ] && [ \"${{SLURM_RESTART_COUNT:-0}}\" -lt {MOST_RESTARTS} ]; then
    echo \"killed; queued again\"
    scontrol requeue \"$SLURM_JOB_ID\"
fi
exit $status
JOB
)

merge=$(sbatch --parsable --dependency=\"afterok:$array\" --kill-on-invalid-dep=yes --output=\"$output-logs/merge.log\" <<'JOB'
#!/bin/bash
#SBATCH --job-name={name}-merge
{options}output={output}
shards=()
for shard in $(seq {shards}); do shards+=(\"$output-${{shard}}of{shards}\"); done
{program} merge \"${{shards[@]}}\" --output \"$output\" && {program} score \"$output\"
JOB
)

echo \"array $array, then merge $merge; results in $output\"
"
        )
    }

    /// The user's own options, a line each.
    fn options(&self) -> String {
        self.arguments.sbatch.iter().fold(String::new(), |mut lines, option| {
            // Writing to a String cannot fail.
            let _ = writeln!(lines, "#SBATCH {option}");
            lines
        })
    }
}

/// A path as one word of a shell. A heredoc takes it as it is.
fn quoted(path: &Path) -> anyhow::Result<String> {
    let text = path.to_str().filter(|text| !text.contains('\n'));
    let text = text.with_context(|| format!("{}: a script can't name this path", path.display()))?;
    Ok(format!("'{}'", text.replace('\'', r"'\''")))
}

fn parse_option(text: &str) -> Result<String, String> {
    if text.starts_with('-') && !text.contains('\n') {
        Ok(text.to_owned())
    } else {
        Err("one option on one line, such as --time=12:00:00, is needed".into())
    }
}
