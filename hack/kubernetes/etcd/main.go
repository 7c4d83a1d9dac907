// etcd by itself: inside the multi-call program it would carry all of Kubernetes' start-up memory along.
package main

import (
	"os"

	"go.etcd.io/etcd/server/v3/etcdmain"
)

func main() { etcdmain.Main(os.Args) }
