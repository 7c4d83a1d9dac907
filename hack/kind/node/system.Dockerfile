# What a node brings for the control plane: one image that is every component under the name it is called by, and pause;
# beside them the add-ons. Its named contexts are folders of built programs; hack/kind/node.py gives them.
ARG PACKET_FILTER

FROM ${PACKET_FILTER} AS system
COPY --from=kubernetes kubernetes /usr/local/bin/
COPY --from=coredns coredns /
ENV PATH=/usr/local/bin:/usr/sbin:/usr/bin
RUN for name in etcd kube-apiserver kube-controller-manager kube-proxy kube-scheduler; do \
    busybox ln -s kubernetes /usr/local/bin/$name; done
# all but CoreDNS are started by name
ENTRYPOINT ["/coredns"]

FROM scratch AS pause
COPY --from=pausing pause /
USER 65535:65535
ENTRYPOINT ["/pause"]

FROM ${PACKET_FILTER} AS addons
COPY --from=metrics-server metrics-server /
COPY --from=local-path local-path-provisioner /
ENV PATH=/usr/bin
RUN for name in mkdir rm; do busybox ln -s busybox /usr/bin/$name; done
