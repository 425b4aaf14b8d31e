package process

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
)

// tick is the unit in which the kernel tells processor time (USER_HZ, 100 on every Linux that Go knows).
const tick = 10 * time.Millisecond

// CPU is the processor time that the process has used since its start, in user and kernel mode, to 10 ms.
func (p *Process) CPU() (time.Duration, error) {
	content, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	return parseCPU(string(content))
}

// parseCPU reads a line of /proc/PID/stat. The second field, the program's name in parentheses, may hold anything.
func parseCPU(stat string) (time.Duration, error) {
	const user, system = 11, 12 // fields 14 and 15, counted from what follows the name
	fields := strings.Fields(stat[strings.LastIndex(stat, ")")+1:])
	if len(fields) <= system {
		return 0, errors.New("the kernel's table of the process is not as expected")
	}
	var ticks int64
	for _, field := range fields[user : system+1] {
		n, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return 0, err
		}
		ticks += n
	}
	return time.Duration(ticks) * tick, nil
}

// Resident is the memory that the process has resident now, in bytes; 0 when it has ended.
func (p *Process) Resident() int64 { return p.memory("VmRSS") }

func (p *Process) memory(name string) int64 {
	kilobytes, _ := strconv.ParseInt(strings.TrimSuffix(
		Kernel(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid), name), " kB"), 10, 64) // unknown shows as 0
	return kilobytes << 10
}

// Kernel is the value of the first line of a name in one of the kernel's tables, or empty.
func Kernel(path, name string) string {
	content, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(content)) {
		if key, value, found := strings.Cut(line, ":"); found && strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// Peaks are the most memory that each kind of program had resident, in bytes, over all its processes.
type Peaks struct {
	mu      sync.Mutex
	highest map[string]int64
}

// NewPeaks returns none.
func NewPeaks() *Peaks { return &Peaks{highest: map[string]int64{}} }

// lookEvery is how often a process's memory is looked at. The kernel keeps the peak, so that only what comes within this
// time before a process ends by itself can be missed.
const lookEvery = time.Second

func (p *Peaks) follow(process *Process, ended <-chan struct{}) {
	ticks := time.NewTicker(lookEvery)
	defer ticks.Stop()
	for {
		select {
		case <-ended:
			return
		case <-ticks.C:
			p.look(process)
		}
	}
}

func (p *Peaks) look(process *Process) {
	kind, _, _ := strings.Cut(process.name, "-")
	bytes := process.memory("VmHWM")
	p.mu.Lock()
	defer p.mu.Unlock()
	p.highest[kind] = max(p.highest[kind], bytes)
}

// All are the peaks by kind.
func (p *Peaks) All() map[string]int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return maps.Clone(p.highest)
}
