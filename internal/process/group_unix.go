//go:build unix

package process

import (
	"errors"
	"os/exec"
	"syscall"
)

// setGroup makes a command the leader of a new process group, which signals of the terminal do not reach.
func setGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
}

// killGroup kills a started command and everything that it has started.
func killGroup(cmd *exec.Cmd) {
	_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // no such group: all have exited
}

// Exists reports whether a process with this id runs on this machine.
func Exists(pid int) bool { return !errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) }
