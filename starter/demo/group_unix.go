//go:build unix

package demo

import (
	"errors"
	"os/exec"
	"syscall"
)

// inOwnGroup makes a command the leader of a process group.
func inOwnGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
}

// interruptGroup asks a group to stop. One that is gone already needs nothing.
func interruptGroup(leader int) { _ = syscall.Kill(-leader, syscall.SIGTERM) }

// killGroup ends what is left of a group.
func killGroup(leader int) { _ = syscall.Kill(-leader, syscall.SIGKILL) }

// exists reports whether a process of this machine runs.
func exists(pid int) bool { return !errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) }
