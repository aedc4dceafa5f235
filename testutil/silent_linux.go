package testutil

import (
	"fmt"
	"os"
	"sync"
	"syscall"
)

// MountSilent mounts a file system at dir that answers nothing: whoever opens a file there,
// or asks for it, waits until end is called, which may be called again. The error is the
// kernel's, where it does not let this process mount.
func MountSilent(dir string) (end func(), err error) {
	fuse, err := syscall.Open("/dev/fuse", syscall.O_RDWR|syscall.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	options := fmt.Sprintf("fd=%d,rootmode=40000,user_id=%d,group_id=%d", fuse, os.Getuid(), os.Getgid())
	if err := syscall.Mount("rpcproxy-silent", dir, "fuse", syscall.MS_NOSUID|syscall.MS_NODEV, options); err != nil {
		_ = syscall.Close(fuse)
		return nil, err
	}
	return sync.OnceFunc(func() {
		_ = syscall.Close(fuse) // those that wait get an error
		_ = syscall.Unmount(dir, syscall.MNT_DETACH)
	}), nil
}
