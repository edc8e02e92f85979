use std::collections::BTreeMap;
use std::os::unix::process::CommandExt;
use std::process::{Command, Output};

use nix::libc::{EINVAL, SYS_prctl};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
    apply_filter,
};

/// Asks the kernel for facts that valgrind shows to programs in another form.
const PR_GET_AUXV: u64 = 0x4155_5856;

/// A command under callgrind, which counts instructions.
pub(crate) fn counting(command: &Command) -> Command {
    under(&["--tool=callgrind", "--callgrind-out-file=/dev/null"], command)
}

/// A command under valgrind, faster. With the processes that it starts: one that compiles must see the same processor as
/// the one that will run what it compiled.
pub(crate) fn without_counting(command: &Command) -> Command {
    under(&["--tool=none", "--trace-children=yes"], command)
}

/// The instructions that [`counting`] counted.
pub(crate) fn count(output: &Output) -> u64 {
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}");
    let (_, after) = text.split_once("Collected : ").expect("a count");
    after.split_whitespace().next().and_then(|count| count.parse().ok()).expect("a number")
}

/// Becomes another program, to which the kernel does not tell where its clock functions are: valgrind keeps those for
/// itself, and a program that asks the kernel instead of its loader would jump into nothing.
pub(crate) fn exec(arguments: &[&str]) {
    let [program, arguments @ ..] = arguments else { return };
    let asks = SeccompCondition::new(0, SeccompCmpArgLen::Dword, SeccompCmpOp::Eq, PR_GET_AUXV).expect("a condition");
    let rules = BTreeMap::from([(SYS_prctl, vec![SeccompRule::new(vec![asks]).expect("a rule")])]);
    let refused = SeccompAction::Errno(EINVAL.unsigned_abs());
    let machine = std::env::consts::ARCH.try_into().expect("a machine that the filter knows");
    let filter = SeccompFilter::new(rules, SeccompAction::Allow, refused, machine).expect("a filter");
    apply_filter(&BpfProgram::try_from(filter).expect("a filter")).expect("a kernel with seccomp");
    let error = Command::new(program).args(arguments).exec();
    eprintln!("{program}: {error}");
}

fn under(valgrind: &[&str], command: &Command) -> Command {
    let mut outer = Command::new(std::env::current_exe().expect("this program"));
    outer.args(["work", "valgrind"]).args(valgrind).arg(command.get_program()).args(command.get_args());
    // As bare as a director's, and the same in every run: its length moves the stack.
    outer.env_clear().env("PATH", "/usr/bin:/bin");
    outer
}
