#pragma once

#include "salus/fhir/store.h"

namespace salus::fhir {

/// Runs write jobs of one tenant in shared transactions: lock and compare what they were prepared
/// against, ask the Gate for each, insert all rows, commit. A job of creates alone needs one round
/// trip. When a shared transaction fails, its jobs are tried again one by one, so each request
/// meets only its own failure. Thread-safe.
class Writer {
  public:
    Writer(db::Pool& pool, keys::Keystore& keystore, access::Gate& gate, access::CareIndex& care,
           Logger& log)
        : pool_(pool), keystore_(keystore), gate_(gate), care_(care), log_(log) {}

    /// Gives each job its outcome.
    void run(std::span<WriteJob*> jobs);

  private:
    /// One transaction for all; an error is about the transaction and no job has an outcome from
    /// it.
    Result<void> attempt(std::span<WriteJob*> jobs);
    Result<void> compare(db::TenantTx& tx, std::span<WriteJob*> jobs);
    Result<void> lock_rows(db::TenantTx& tx, std::span<WriteJob*> jobs);
    Result<void> check_conditions(db::TenantTx& tx, std::span<WriteJob*> jobs);
    Result<void> check_request_keys(db::TenantTx& tx, std::span<WriteJob*> jobs);
    /// True: the Gate permits all of it and its records travel with tx. False: the job has failed.
    /// An error: refused after records of it were sent, so the transaction is spoilt.
    Result<bool> permit(db::TenantTx& tx, WriteJob& job);

    db::Pool& pool_;
    keys::Keystore& keystore_;
    access::Gate& gate_;
    access::CareIndex& care_;
    Logger& log_;
};

/// Sends the rows of all jobs; nothing is waited for. True: care links were replaced.
bool send_rows(db::TenantTx& tx, const keys::TenantKeys& keys, std::span<WriteJob*> jobs);

}  // namespace salus::fhir
