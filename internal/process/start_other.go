//go:build !linux

package process

import "os/exec"

// startCommand starts a command.
func startCommand(cmd *exec.Cmd) error { return cmd.Start() }
