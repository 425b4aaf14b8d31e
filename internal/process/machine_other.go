//go:build !linux

package process

import "github.com/prometheus/procfs"

// cpuModel returns an empty name: procfs reads /proc/cpuinfo on Linux only.
func cpuModel(procfs.FS) string { return "" }
