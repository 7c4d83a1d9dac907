module skald.dev/hack/pause

go 1.25
