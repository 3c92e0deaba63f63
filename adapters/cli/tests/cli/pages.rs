//! Help, completions and man pages, all from one definition.

use crate::support::*;

#[test]
fn every_shell_has_completions_that_know_the_options() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let ran = run(&["completions", shell]);
        assert_eq!(ran.code, 0, "{shell}");
        for word in ["send", "serve", "demo", "unix-socket"] {
            assert!(ran.stdout.contains(word), "{shell}: {word}");
        }
    }
}

#[test]
fn the_man_pages_tell_the_exit_codes_and_the_subcommands() {
    let whole = run(&["man"]);
    assert!(whole.stdout.contains(".TH quintet 1"));
    assert!(whole.stdout.contains("quintet\\-send(1)"));
    let send = run(&["man", "send"]);
    assert!(send.stdout.contains(".TH quintet-send 1"));
    for page in [whole, send] {
        assert_eq!(page.code, 0);
        assert!(page.stdout.contains("130"), "{}", page.stdout);
    }
    assert_eq!(run(&["man", "lunch"]).code, 1);
}

#[test]
fn help_goes_to_stdout_and_a_mistake_to_stderr() {
    let help = run(&["send", "--help"]);
    assert_eq!((help.code, &*help.stderr), (0, ""));
    for told in [
        "--connect-timeout",
        "[default: 30s]",
        "[default: 5]",
        "[default: 32MiB]",
        "130",
    ] {
        assert!(help.stdout.contains(told), "{told}");
    }
    let mistake = run(&["lunch"]);
    assert_eq!((mistake.code, &*mistake.stdout), (2, ""));
    assert_eq!(run(&[]).code, 2);
}
