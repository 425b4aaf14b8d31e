//go:build unix

package codec

import (
	"io/fs"
	"os"
	"syscall"
)

// copyOwner gives the file at path the owner and the group of another file.
func copyOwner(from fs.FileInfo, path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	wanted, found := from.Sys().(*syscall.Stat_t)
	current, alsoFound := info.Sys().(*syscall.Stat_t)
	if !found || !alsoFound || wanted.Uid == current.Uid && wanted.Gid == current.Gid {
		return nil
	}
	return os.Chown(path, int(wanted.Uid), int(wanted.Gid))
}
