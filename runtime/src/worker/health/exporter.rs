//! The metrics in the text format of Prometheus.

#[cfg(feature = "prometheus")]
pub(super) use with_prometheus::Exporter;
#[cfg(not(feature = "prometheus"))]
pub(super) use without_prometheus::Exporter;

#[cfg(feature = "prometheus")]
mod with_prometheus {
    use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

    use crate::telemetry::metrics::BUCKETS;

    /// The recorder of the process, if it is that of Prometheus.
    #[derive(Debug)]
    pub(in crate::worker::health) struct Exporter(Option<PrometheusHandle>);

    impl Exporter {
        /// Installs the recorder, unless the process has one.
        pub(in crate::worker::health) fn install() -> Self {
            Self(builder().install_recorder().ok())
        }

        /// Returns the metrics.
        ///
        /// # Errors
        ///
        /// One line that says why there are none.
        pub(in crate::worker::health) fn render(&self) -> Result<String, &'static str> {
            match &self.0 {
                Some(recorder) => Ok(recorder.render()),
                None => Err(
                    "this process had a recorder of metrics before the worker started, and \
                     reports to that one",
                ),
            }
        }

        /// Moves samples into their buckets, so that they take no more memory if nobody asks for
        /// them.
        pub(in crate::worker::health) fn compact(&self) {
            if let Some(recorder) = &self.0 {
                recorder.run_upkeep();
            }
        }

        /// An exporter and its recorder, which a test installs for its own thread.
        #[cfg(test)]
        pub(in crate::worker::health) fn local()
        -> (Self, metrics_exporter_prometheus::PrometheusRecorder) {
            let recorder = builder().build_recorder();
            (Self(Some(recorder.handle())), recorder)
        }
    }

    fn builder() -> PrometheusBuilder {
        let histograms = BUCKETS.iter();

        histograms.fold(PrometheusBuilder::new(), |builder, (name, buckets)| {
            let name = Matcher::Full((*name).to_owned());
            let builder = builder.set_buckets_for_metric(name, buckets);
            builder.expect("each histogram has buckets")
        })
    }
}

#[cfg(not(feature = "prometheus"))]
mod without_prometheus {
    /// Says which feature is missing.
    #[derive(Debug)]
    pub(in crate::worker::health) struct Exporter;

    impl Exporter {
        pub(in crate::worker::health) fn install() -> Self {
            Self
        }

        pub(in crate::worker::health) fn render(&self) -> Result<String, &'static str> {
            Err(
                "no metrics: build the program with the feature `prometheus` of the crate \
                 `s3-dispatch`",
            )
        }

        pub(in crate::worker::health) fn compact(&self) {}
    }
}
