//! Tells Zed how the language server of FlowDSL starts.
use zed_extension_api::{self as zed, LanguageServerId, Result, Worktree};

struct FlowDsl;

impl zed::Extension for FlowDsl {
    fn new() -> Self {
        FlowDsl
    }

    fn language_server_command(
        &mut self,
        _server: &LanguageServerId,
        worktree: &Worktree,
    ) -> Result<zed::Command> {
        let command = worktree.which("flowdsl").ok_or_else(|| {
            "`flowdsl` is not on the path; install it with `pip install 'flowdsl[lsp]'`".to_string()
        })?;
        Ok(zed::Command {
            command,
            args: vec!["lsp".to_string()],
            env: worktree.shell_env(),
        })
    }
}

zed::register_extension!(FlowDsl);
