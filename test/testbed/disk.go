package testbed

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// topUp is the time between two attempts to fill what has become free on a full disk.
const topUp = 50 * time.Millisecond

// limit makes the directory a file system of a limited size, in memory. Where this process may not mount one, the directory stays what it is.
func (d *Database) limit(ctx context.Context, bytes int64) {
	mount := exec.CommandContext(ctx, "mount", "-t", "tmpfs", "-o", fmt.Sprintf("size=%d", bytes), "tmpfs", d.directory)
	d.limited = mount.Run() == nil
}

// Limited reports whether the cluster has a disk of its own, which Fill can fill.
func (d *Database) Limited() bool { return d.limited }

// Fill fills the disk of the cluster, keeps it full until ctx ends, and then frees it again.
func (d *Database) Fill(ctx context.Context) error {
	if !d.limited {
		return errors.New("the cluster has no disk of its own")
	}
	ballast, err := os.Create(filepath.Join(d.directory, "ballast"))
	if err != nil {
		return err
	}
	defer os.Remove(ballast.Name())
	defer ballast.Close()
	block := make([]byte, 1<<20)
	for ctx.Err() == nil {
		_, err := ballast.Write(block)
		switch {
		case errors.Is(err, syscall.ENOSPC):
			time.Sleep(topUp)
		case err != nil:
			return err
		}
	}
	return nil
}
