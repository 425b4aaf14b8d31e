//go:build !unix

package process

import (
	"os"
	"os/exec"
)

// setGroup does nothing: this system has no process groups.
func setGroup(*exec.Cmd) {}

// killGroup kills a started command.
func killGroup(cmd *exec.Cmd) {
	_ = cmd.Process.Kill() // it may have exited
}

// Exists reports whether a process with this id runs on this machine.
func Exists(pid int) bool {
	_, err := os.FindProcess(pid)
	return err == nil
}
