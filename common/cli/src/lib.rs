//! What every command line has in common: flags, prompts, exit codes, stdout and stderr.
