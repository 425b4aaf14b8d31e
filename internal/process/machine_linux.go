package process

import "github.com/prometheus/procfs"

// cpuModel returns the name of the first processor; empty if it is unknown.
func cpuModel(kernel procfs.FS) string {
	processors, err := kernel.CPUInfo()
	if err != nil || len(processors) == 0 {
		return ""
	}
	return processors[0].ModelName
}
