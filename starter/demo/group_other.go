//go:build !unix

package demo

import (
	"os"
	"os/exec"
)

// inOwnGroup does nothing: there are no process groups here.
func inOwnGroup(*exec.Cmd) {}

// interruptGroup does nothing: there is no polite way to stop another process here.
func interruptGroup(int) {}

// killGroup ends a process. One that is gone already needs nothing.
func killGroup(leader int) {
	if process, err := os.FindProcess(leader); err == nil {
		_ = process.Kill()
	}
}

// exists reports whether a process of this machine runs.
func exists(pid int) bool {
	_, err := os.FindProcess(pid)
	return err == nil
}
