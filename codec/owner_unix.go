//go:build unix

package codec

import (
	"io/fs"
	"os"
	"syscall"
)

// keepOwner gives a file the owner and the group of another.
func keepOwner(before fs.FileInfo, path string) error {
	after, err := os.Stat(path)
	if err != nil {
		return err
	}
	had, known := before.Sys().(*syscall.Stat_t)
	has, alike := after.Sys().(*syscall.Stat_t)
	if !known || !alike || had.Uid == has.Uid && had.Gid == has.Gid {
		return nil
	}
	return os.Chown(path, int(had.Uid), int(had.Gid))
}
